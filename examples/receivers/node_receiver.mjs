// A callback receiver with Node's own modules: `node node_receiver.mjs --port 8000 [--data FILE]`.
import { createServer } from "node:http";
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const LARGEST = 1024 * 1024;
const option = (name, otherwise) => {
  const place = process.argv.indexOf(name);
  return place < 0 ? otherwise : process.argv[place + 1];
};
const port = Number(option("--port", "8000"));
const data = option("--data", "");

// One line per counted job. A job that has a line is not counted again; the line is written before the response.
const times = new Map();
if (data && existsSync(data)) {
  for (const job of readFileSync(data, "utf8").split("\n").filter(Boolean)) times.set(job, (times.get(job) ?? 0) + 1);
}
function count(job) {
  if (times.has(job)) return;
  if (data) appendFileSync(data, `${job}\n`, { flush: true });
  times.set(job, 1); // your own work
}

class Rejected extends Error {}

function jobsOf(body) {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(body).trim();
  const [details, ofWorkflow] = text.startsWith("{") ? fromJson(text) : fromXml(text);
  if (details.length === 0 && !ofWorkflow) throw new Rejected("the body reports no job");
  return details.map((job) => {
    if (typeof job !== "string" || job === "" || job.includes("\n")) throw new Rejected("a job has no JobId");
    return job;
  });
}

function fromJson(text) {
  let value = JSON.parse(text);
  value = value.Response ?? value;
  const details = value.JobsDetail ?? [];
  return [(Array.isArray(details) ? details : [details]).map((detail) => detail?.JobId), "WorkflowExecution" in value];
}

// Node has no XML parser. Callbacks are flat enough for patterns: no attributes, and no JobsDetail inside another.
function fromXml(text) {
  if (/<!DOCTYPE|\0/.test(text)) throw new Rejected("no callback has a DOCTYPE");
  const root = /^(?:<\?xml[^>]*\?>\s*)?<Response>(.*)<\/Response>$/s.exec(text);
  if (!root) throw new Rejected("the root is not Response");
  const details = root[1].match(/<JobsDetail>.*?<\/JobsDetail>/gs) ?? [];
  return [details.map((detail) => /<JobId>([^<]*)<\/JobId>/.exec(detail)?.[1]), root[1].includes("<WorkflowExecution>")];
}

function answer(response, status, body = "") {
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function callbacks(request, response) {
  const parts = [];
  let size = 0;
  request.on("data", (part) => {
    size += part.length;
    if (size <= LARGEST) parts.push(part);
    else if (!response.headersSent) answer(response, 413);
  });
  request.on("end", () => {
    if (response.headersSent) return;
    try {
      for (const job of jobsOf(Buffer.concat(parts))) count(job);
      answer(response, 200, "ok");
    } catch (error) {
      if (error instanceof Rejected || error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)
        answer(response, 400, error.message);
      else answer(response, 500);
    }
  });
  request.on("error", () => {}); // a sender that broke off: nothing was counted
}

const server = createServer((request, response) => {
  if (request.url.startsWith("/seen/")) {
    const found = times.get(decodeURIComponent(request.url.slice("/seen/".length))) ?? 0;
    answer(response, found ? 200 : 404, JSON.stringify({ times: found }));
  } else if (request.url.split("?")[0] !== "/callbacks") answer(response, 404);
  else if (request.method !== "POST") answer(response, 405);
  else callbacks(request, response);
});
server.listen(port, "127.0.0.1", 511);
