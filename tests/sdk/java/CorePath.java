import com.google.gson.Gson;
import com.qcloud.cos.COSClient;
import com.qcloud.cos.ClientConfig;
import com.qcloud.cos.auth.BasicCOSCredentials;
import com.qcloud.cos.exception.CosClientException;
import com.qcloud.cos.exception.CosServiceException;
import com.qcloud.cos.http.HttpProtocol;
import com.qcloud.cos.model.ObjectMetadata;
import com.qcloud.cos.model.ciModel.bucket.MediaBucketRequest;
import com.qcloud.cos.model.ciModel.job.BatchJobRequest;
import com.qcloud.cos.model.ciModel.job.MediaJobsRequest;
import com.qcloud.cos.model.ciModel.queue.MediaQueueRequest;
import com.qcloud.cos.model.ciModel.template.MediaTemplateRequest;
import com.qcloud.cos.model.ciModel.workflow.MediaWorkflowListRequest;
import com.qcloud.cos.region.Region;
import java.io.ByteArrayInputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * The path through cos_api, unmodified, redirected by its proxy settings.
 *
 * Environment: CIQ_MOCK (http://HOST:PORT of a mock with a manual clock), CIQ_SCHEME, CIQ_SECRET_ID, CIQ_SECRET_KEY,
 * CIQ_WORKFLOW (id of a workflow: the SDK cannot create one), and for https the trust store as system properties.
 * Prints one JSON line: [{step, found, empty}, ...].
 */
public class CorePath {
    static final String BUCKET = "sdk-1250000000";
    static final String REGION = "ap-test";
    static final String KEY = "in/中文 a+b.mp4";
    static final List<Row> ROWS = new ArrayList<>();

    record Row(String step, String found, Collection<String> empty) {}

    /** Adds what the caller of one method reads. */
    static <T> T add(String step, T result, String found) {
        Collection<String> empty = new TreeSet<>();
        if (result != null && result.getClass().getName().startsWith("com.qcloud")) {
            emptyFields(result, "", empty);
        }
        ROWS.add(new Row(step, found, empty));
        return result;
    }

    /** Adds the fields that the answer left empty, by their path; returns whether all are empty. */
    static boolean emptyFields(Object value, String path, Collection<String> empty) {
        Collection<String> inside = new TreeSet<>();
        boolean all = true;
        for (Class<?> kind = value.getClass(); kind != null && kind.getName().contains(".ciModel."); kind = kind.getSuperclass()) {
            for (Field field : kind.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) {
                    continue;
                }
                field.setAccessible(true);
                String name = path.isEmpty() ? field.getName() : path + "." + field.getName();
                Object one;
                try {
                    one = field.get(value);
                } catch (IllegalAccessException error) {
                    throw new IllegalStateException(error);
                }
                if (one instanceof Collection<?> many) {
                    one = many.isEmpty() ? null : many.iterator().next();
                }
                if (one == null || "".equals(one)) {
                    inside.add(name);
                } else if (!one.getClass().getName().contains(".ciModel.") || !emptyFields(one, name, inside)) {
                    all = false;
                }
            }
        }
        if (all && !path.isEmpty()) {
            empty.add(path);
        } else {
            empty.addAll(inside);
        }
        return all;
    }

    /** Moves the clock of the mock, without the SDK. */
    static void advance(int seconds) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("CIQ_MOCK") + "/_ciq/clock/advance"))
            .POST(HttpRequest.BodyPublishers.ofString("{\"seconds\": " + seconds + "}")).build();
        HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).build().send(request, HttpResponse.BodyHandlers.discarding());
    }

    interface Reading {
        void run() throws Exception;
    }

    /** Runs a step whose answer the SDK may be unable to parse; an error of the service ends the program. */
    static void parsed(String step, Reading reading) throws Exception {
        try {
            reading.run();
        } catch (CosServiceException error) {
            throw error;
        } catch (CosClientException error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            add(step, null, "fails in the SDK, which cannot parse the answer: " + cause.getClass().getSimpleName());
        }
    }

    static String is(boolean found, String text) {
        return found ? text : "not: " + text;
    }

    static MediaQueueRequest queueUpdate(String id, String name, String state) {
        MediaQueueRequest request = new MediaQueueRequest();
        request.setBucketName(BUCKET);
        request.setQueueId(id);
        request.setName(name);
        request.setState(state);
        request.getNotifyConfig().setUrl("http://cb.example.com/x");
        request.getNotifyConfig().setState("On");
        request.getNotifyConfig().setType("Url");
        request.getNotifyConfig().setEvent("TaskFinish");
        return request;
    }

    static MediaJobsRequest job(String tag) {
        MediaJobsRequest request = new MediaJobsRequest();
        request.setBucketName(BUCKET);
        request.setTag(tag);
        return request;
    }

    static MediaJobsRequest snapshot() {
        MediaJobsRequest request = job("Snapshot");
        request.getInput().setObject(KEY);
        request.getOperation().getSnapshot().setMode("Interval");
        request.getOperation().getSnapshot().setStart("0");
        request.getOperation().getSnapshot().setTimeInterval("1");
        request.getOperation().getSnapshot().setCount("2");
        request.getOperation().getOutput().setBucket(BUCKET);
        request.getOperation().getOutput().setRegion(REGION);
        request.getOperation().getOutput().setObject("out/${Number}.jpg");
        request.getOperation().setUserData("note");
        return request;
    }

    static MediaJobsRequest named(String id) {
        MediaJobsRequest request = job(null);
        request.setJobId(id);
        return request;
    }

    static MediaWorkflowListRequest workflow() {
        MediaWorkflowListRequest request = new MediaWorkflowListRequest();
        request.setBucketName(BUCKET);
        return request;
    }

    public static void main(String[] arguments) throws Exception {
        URI mock = URI.create(System.getenv("CIQ_MOCK"));
        ClientConfig config = new ClientConfig(new Region(REGION));
        config.setHttpProtocol(HttpProtocol.valueOf(System.getenv("CIQ_SCHEME")));
        config.setHttpProxyIp(mock.getHost());
        config.setHttpProxyPort(mock.getPort());
        config.setCiSpecialRequest(true);
        config.setMaxErrorRetry(0);
        COSClient client = new COSClient(new BasicCOSCredentials(System.getenv("CIQ_SECRET_ID"), System.getenv("CIQ_SECRET_KEY")), config);

        MediaBucketRequest opening = new MediaBucketRequest();
        opening.setBucketName(BUCKET);
        Boolean opened = client.createMediaProcessBucket(opening);
        add("activate", opened, "returns " + opened);

        MediaQueueRequest asked = new MediaQueueRequest();
        asked.setBucketName(BUCKET);
        var queues = client.describeMediaQueues(asked);
        var queue = queues.getQueueList().get(0);
        add("list queues", queues, "QueueList[0].State = " + queue.getState());
        for (String[] step : new String[][] {{"callback rule", "Active"}, {"pause", "Paused"}}) {
            var updated = client.updateMediaQueue(queueUpdate(queue.getQueueId(), queue.getName(), step[1]));
            add(step[0], updated, "Queue.State = " + updated.getQueue().getState() + ", Url = " + updated.getQueue().getNotifyConfig().getUrl());
        }

        byte[] content = "not really a film".getBytes(StandardCharsets.UTF_8);
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(content.length);
        var put = client.putObject(BUCKET, KEY, new ByteArrayInputStream(content), metadata);
        add("put object", null, is(put.getETag() != null && put.getCrc64Ecma() != null, "ETag and CRC are set"));

        var one = client.createMediaJobs(snapshot());
        add("submit one", one, "JobsDetail.Tag = " + one.getJobsDetail().getTag());
        var second = client.createMediaJobs(snapshot());
        Boolean cancelled = client.cancelMediaJob(named(second.getJobsDetail().getJobId()));
        add("cancel", null, "returns " + cancelled);
        var dropped = client.describeMediaJob(named(second.getJobsDetail().getJobId()));
        add("describe cancelled", dropped, "JobsDetail.State = " + dropped.getJobsDetail().getState());
        var resumed = client.updateMediaQueue(queueUpdate(queue.getQueueId(), queue.getName(), "Active"));
        add("resume", resumed, "Queue.State = " + resumed.getQueue().getState());
        advance(60);
        var described = client.describeMediaJob(named(one.getJobsDetail().getJobId()));
        add("describe", described, "JobsDetail.State = " + described.getJobsDetail().getState() + ", UserData = "
            + described.getJobsDetail().getOperation().getUserData());
        MediaJobsRequest listing = job("Snapshot");
        listing.setStates("Success");
        var listed = client.describeMediaJobs(listing);
        add("list jobs", listed, "JobsDetail[" + listed.getJobsDetailList().size() + "]");
        var object = client.getObject(BUCKET, KEY);
        add("get object", null, is(object.getObjectContent().readAllBytes().length == content.length, "the content that was put"));

        MediaTemplateRequest making = new MediaTemplateRequest();
        making.setBucketName(BUCKET);
        making.setTag("Snapshot");
        making.setName("java");
        making.getSnapshot().setMode("Interval");
        making.getSnapshot().setStart("0");
        making.getSnapshot().setTimeInterval("1");
        making.getSnapshot().setCount("2");
        var made = client.createMediaTemplate(making);
        String template = made.getTemplate().getTemplateId();
        add("create template", made, "Template.Name = " + made.getTemplate().getName());
        MediaTemplateRequest naming = new MediaTemplateRequest();
        naming.setBucketName(BUCKET);
        naming.setIds(template);
        var templates = client.describeMediaTemplates(naming);
        add("list templates", templates, "TemplateList[" + templates.getTemplateList().size() + "]");
        naming.setTemplateId(template);
        add("delete template", null, "returns " + client.deleteMediaTemplate(naming));

        String id = System.getenv("CIQ_WORKFLOW");
        MediaWorkflowListRequest some = workflow();
        some.setIds(id);
        parsed("list workflows", () -> {
            var workflows = client.describeWorkflow(some);
            add("list workflows", workflows, "MediaWorkflowList[0].State = " + workflows.getMediaWorkflowList().get(0).getState());
        });
        MediaWorkflowListRequest trigger = workflow();
        trigger.setWorkflowId(id);
        trigger.setObject(KEY);
        var triggered = client.triggerWorkflowList(trigger);
        add("trigger workflow", triggered, is(triggered.getInstanceId() != null, "InstanceId names the run"));
        advance(60);
        MediaWorkflowListRequest run = workflow();
        run.setRunId(triggered.getInstanceId());
        var execution = client.describeWorkflowExecution(run);
        add("describe run", execution, "WorkflowExecution.State = " + execution.getWorkflowExecution().getState());
        MediaWorkflowListRequest runs = workflow();
        runs.setWorkflowId(id);
        var executions = client.describeWorkflowExecutions(runs);
        add("list runs", executions, "WorkflowExecutionList[" + executions.getWorkflowExecutionList().size() + "]");

        BatchJobRequest batching = new BatchJobRequest();
        batching.setBucketName(BUCKET);
        batching.setName("batch");
        batching.setType("Workflow");
        batching.getInput().setPrefix("in/");
        batching.getOperation().setWorkflowIds(id);
        var batch = client.createInventoryTriggerJob(batching);
        add("create batch job", batch, is(batch.getJobDetail().getJobId() != null, "JobsDetail.JobId is set"));
        advance(60);
        BatchJobRequest which = new BatchJobRequest();
        which.setBucketName(BUCKET);
        which.setJobId(batch.getJobDetail().getJobId());
        var batched = client.describeInventoryTriggerJob(which);
        add("describe batch job", batched, "JobsDetail.State = " + batched.getJobDetail().getState());
        advance(600);
        MediaWorkflowListRequest gone = workflow();
        gone.setWorkflowId(id);
        add("delete workflow", null, "returns " + client.deleteWorkflow(gone));
        try {
            MediaJobsRequest wrong = snapshot();
            wrong.setTag("NoSuchTag");
            client.createMediaJobs(wrong);
            add("unknown tag", null, "no error");
        } catch (CosServiceException error) {
            add("unknown tag", null, "error " + error.getStatusCode() + " " + error.getErrorCode());
        }
        client.shutdown();
        System.out.println(new Gson().toJson(ROWS));
    }
}
