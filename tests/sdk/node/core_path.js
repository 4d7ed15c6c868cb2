// The path of the service through cos-nodejs-sdk-v5, unmodified: over http redirected by Ip, over https by Proxy.
// Arguments: host:port of a mock with a manual clock, http or https. https needs NODE_EXTRA_CA_CERTS.
// Prints one JSON line: [{method, call, found}, ...].
'use strict';
const http = require('http');
const COS = require('cos-nodejs-sdk-v5');

const address = process.argv[2];
const Bucket = 'sdk-1250000000';
const Region = 'ap-test';
const client = (kind) => new COS({
  SecretId: process.env.CIQ_SECRET_ID,
  SecretKey: process.env.CIQ_SECRET_KEY,
  ...(process.argv[3] === 'https'
    ? { Protocol: 'https:', Proxy: `http://${address}` }
    : { Protocol: 'http:', Ip: address }),
  Domain: `{Bucket}.${kind}.{Region}.myqcloud.com`,
});
const cos = client('ci');
const objects = client('cos');
const results = [];

async function ask(method, key, options, found) {
  const Body = options.Body && COS.util.json2xml({ Request: options.Body });
  const answer = await cos.request({ Bucket, Region, Method: method, Key: key, ...options, ...(Body ? { Body } : {}) });
  const shown = key.replace(/[a-z][0-9a-f]{32}/g, '{id}');
  const flags = [options.Action || '', ...Object.keys(options.Query || {})].filter(Boolean);
  results.push({ call: `${method} /${shown}${flags.length ? '?' + flags.join('&') : ''}`, found: found(answer.Response) });
  return answer.Response;
}

function advance(seconds) {
  return new Promise((resolve, reject) => {
    const [host, port] = address.split(':');
    const request = http.request({ host, port, path: '/_ciq/clock/advance', method: 'POST' }, (answer) => {
      answer.resume();
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`advance: ${answer.statusCode}`))));
    });
    request.on('error', reject);
    request.end(JSON.stringify({ seconds }));
  });
}

const output = { Region, Bucket, Object: 'out/${Number}.jpg' };
const rule = (state) => ({ State: state, Event: 'TaskFinish', Type: 'Url', Url: 'http://cb.example.com/x', ResultFormat: 'JSON' });
const job = (object, level) => ({
  Tag: 'Snapshot', Input: { Object: object }, Operation: { Output: output, UserData: '中文'.length + ' signs', JobLevel: level },
});

async function main() {
  await ask('POST', 'mediabucket', {}, (r) => `MediaBucket.Name is ${r.MediaBucket.Name === Bucket ? 'the bucket' : r.MediaBucket.Name}`);
  await ask('GET', 'mediabucket', { Query: { bucketNames: Bucket } }, (r) => `TotalCount = ${r.TotalCount}`);
  const { QueueList: queue } = await ask('GET', 'queue', {}, (r) => `QueueList.State = ${r.QueueList.State}`);
  const update = (state) => ({ Body: { Name: 'node', State: state, NotifyConfig: rule('Off') } });
  await ask('PUT', `queue/${queue.QueueId}`, { Body: { Name: 'node', State: 'Active', NotifyConfig: rule('On') } }, (r) => `Queue.NotifyConfig.Url = ${r.Queue.NotifyConfig.Url}`);
  await ask('PUT', `queue/${queue.QueueId}`, update('Paused'), (r) => `Queue.State = ${r.Queue.State}`);
  const put = await objects.putObject({ Bucket, Region, Key: 'in/中文 a+b.mp4', Body: 'not really a film' });
  results.push({ call: 'PUT /{object}', found: `ETag is ${put.ETag ? 'set' : 'missing'}` });
  const several = { ...job('in/c.mp4', 1), Operation: [job('', 1).Operation, job('', 1).Operation] };
  await ask('POST', 'jobs', { Body: several }, (r) => `JobsDetail[${r.JobsDetail.length}]`);
  const first = await ask('POST', 'jobs', { Body: job('in/中文 a+b.mp4', 0) }, (r) => `JobsDetail.State = ${r.JobsDetail.State}`);
  const second = await ask('POST', 'jobs', { Body: job('in/b.mp4', 2), ContentType: 'application/xml' }, (r) => `JobsDetail.Tag = ${r.JobsDetail.Tag}`);
  const [one, two] = [first.JobsDetail.JobId, second.JobsDetail.JobId];
  await ask('GET', `jobs/${one}`, {}, (r) => `JobsDetail.Input.Object = ${r.JobsDetail.Input.Object}`);
  await ask('GET', `jobs/${one},${two}`, {}, (r) => `JobsDetail[${r.JobsDetail.length}]`);
  await ask('PUT', `jobs/${two}`, { Action: 'cancel' }, () => 'no body, as documented');
  await ask('PUT', `queue/${queue.QueueId}`, update('Active'), (r) => `Queue.State = ${r.Queue.State}`);
  await advance(60);
  await ask('GET', 'jobs', { Query: { tag: 'Snapshot', states: 'Success', size: 5 } }, (r) => `JobsDetail[${r.JobsDetail.length}]`);
  const kept = await objects.getObject({ Bucket, Region, Key: 'in/中文 a+b.mp4' });
  results.push({ call: 'GET /{object}', found: kept.Body.toString() === 'not really a film' ? 'the content that was put' : 'other content' });
  await ask('GET', 'jobs', { Query: { tag: 'Snapshot', states: 'Cancel' } }, (r) => `JobsDetail.State = ${r.JobsDetail.State}`);
  const made = await ask('POST', 'template', { Body: { Tag: 'Snapshot', Name: 'shot', Snapshot: { Mode: 'Interval' } } }, (r) => `Template.Name = ${r.Template.Name}`);
  const id = made.Template.TemplateId;
  await ask('GET', 'template', { Query: { ids: id } }, (r) => `TemplateList.Name = ${r.TemplateList.Name}`);
  const topology = {
    Dependencies: { Start: 'Snapshot_1', Snapshot_1: 'End' },
    Nodes: {
      Start: { Type: 'Start', Input: { QueueId: queue.QueueId, ObjectPrefix: 'in/' } },
      Snapshot_1: { Type: 'Snapshot', Operation: { TemplateId: id, Output: { ...output, Object: 'flow/${RunId}-${Number}.jpg' } } },
    },
  };
  const flow = await ask('POST', 'workflow', { Body: { MediaWorkflow: { Name: 'flow', State: 'Active', Topology: topology } } }, (r) => `MediaWorkflow.State = ${r.MediaWorkflow.State}`);
  const workflowId = flow.MediaWorkflow.WorkflowId;
  await ask('GET', 'workflow', { Query: { ids: workflowId } }, (r) => `MediaWorkflowList.Name = ${r.MediaWorkflowList.Name}`);
  const run = await ask('POST', 'triggerworkflow', { Query: { workflowId, object: 'in/中文 a+b.mp4' } }, (r) => `InstanceId ${r.InstanceId ? 'names the run' : 'is missing'}`);
  await advance(60);
  await ask('GET', `workflowexecution/${run.InstanceId}`, {}, (r) => `WorkflowExecution.State = ${r.WorkflowExecution.State}`);
  const batch = await ask('POST', 'inventorytriggerjob', { Body: { Name: 'batch', Type: 'Workflow', Input: { Prefix: 'in/' }, Operation: { WorkflowIds: workflowId } } }, (r) => `JobsDetail.Name = ${r.JobsDetail.Name}`);
  await ask('PUT', `inventorytriggerjob/${batch.JobsDetail.JobId}`, { Action: 'cancel' }, () => 'no body, as documented');
  await ask('GET', `inventorytriggerjob/${batch.JobsDetail.JobId}`, {}, (r) => `JobsDetail.State = ${r.JobsDetail.State}`);
  await advance(600);
  await ask('DELETE', `workflow/${workflowId}`, {}, (r) => `WorkflowId is ${r.WorkflowId === workflowId ? 'the one deleted' : r.WorkflowId}`);
  await ask('DELETE', `template/${id}`, {}, (r) => `TemplateId is ${r.TemplateId === id ? 'the one deleted' : r.TemplateId}`);
  await ask('DELETE', 'mediabucket', {}, (r) => `BucketName is ${r.BucketName === Bucket ? 'the bucket' : r.BucketName}`);
  try {
    await ask('GET', 'queue', {}, () => 'no error');
  } catch (error) {
    results.push({ call: 'GET /queue', found: `error ${error.statusCode} ${error.code}` });
  }
  console.log(JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
