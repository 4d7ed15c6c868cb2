// The whole path through cos-go-sdk-v5, unmodified, redirected by the proxy of its transport.
// Environment: CIQ_MOCK (http://HOST:PORT of a mock with a manual clock), CIQ_SCHEME, CIQ_SECRET_ID, CIQ_SECRET_KEY,
// and SSL_CERT_FILE for https. Prints one JSON line: [{step, found, empty}, ...].
package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/tencentyun/cos-go-sdk-v5"
)

const (
	bucket = "sdk-1250000000"
	region = "ap-test"
)

type row struct {
	Step  string   `json:"step"`
	Found string   `json:"found"`
	Empty []string `json:"empty"`
}

var (
	rows = []row{}
	mock = os.Getenv("CIQ_MOCK")
	ctx  = context.Background()
)

// add records what the caller of one method reads. A value that is not as expected ends the program.
func add(step string, result any, err error, found string) {
	if err != nil {
		fail(step, err)
	}
	empty := []string{}
	if result != nil {
		emptyFields(reflect.ValueOf(result), "", &empty)
		sort.Strings(empty)
	}
	rows = append(rows, row{step, found, empty})
}

func fail(step string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", step, err)
	os.Exit(1)
}

// emptyFields lists the elements that the SDK can read and that the answer left empty, by their path, a parent instead of
// all its children; it returns whether all are empty.
func emptyFields(value reflect.Value, path string, empty *[]string) bool {
	switch value.Kind() {
	case reflect.Ptr, reflect.Interface:
		if !value.IsNil() {
			return emptyFields(value.Elem(), path, empty)
		}
	case reflect.Slice:
		if value.Len() > 0 {
			return emptyFields(value.Index(0), path, empty)
		}
	case reflect.Map:
		if value.Len() > 0 {
			return false
		}
	case reflect.Struct:
		inside, all := []string{}, true
		for i := 0; i < value.NumField(); i++ {
			field := value.Type().Field(i)
			name := strings.Split(field.Tag.Get("xml"), ",")[0]
			if field.Name == "XMLName" || !field.IsExported() || name == "-" {
				continue
			}
			if name == "" {
				name = field.Name
			}
			if !emptyFields(value.Field(i), strings.TrimPrefix(path+"."+name, "."), &inside) {
				all = false
			}
		}
		if !all || path == "" {
			*empty = append(*empty, inside...)
			return false
		}
	default:
		if !value.IsZero() {
			return false
		}
	}
	*empty = append(*empty, path)
	return true
}

// advance moves the clock of the mock, without the SDK.
func advance(seconds int) {
	answer, err := (&http.Client{Transport: &http.Transport{}}).Post(
		mock+"/_ciq/clock/advance", "application/json", strings.NewReader(fmt.Sprintf(`{"seconds": %d}`, seconds)))
	if err != nil {
		fail("advance", err)
	}
	answer.Body.Close()
}

func is(found bool, text string) string {
	if found {
		return text
	}
	return "not: " + text
}

func main() {
	proxy, err := url.Parse(mock)
	if err != nil {
		fail("CIQ_MOCK", err)
	}
	at := func(kind string) *url.URL {
		made, _ := url.Parse(fmt.Sprintf("%s://%s.%s.%s.myqcloud.com", os.Getenv("CIQ_SCHEME"), bucket, kind, region))
		return made
	}
	client := cos.NewClient(&cos.BaseURL{BucketURL: at("cos"), CIURL: at("ci")}, &http.Client{
		Transport: &cos.AuthorizationTransport{
			SecretID:  os.Getenv("CIQ_SECRET_ID"),
			SecretKey: os.Getenv("CIQ_SECRET_KEY"),
			Transport: &http.Transport{Proxy: http.ProxyURL(proxy)},
		},
	})
	ci := client.CI

	opened, _, err := ci.CreateMediaProcessBucket(ctx, &cos.CreateMediaProcessBucketOptions{})
	add("activate", opened, err, is(opened.MediaBucket.Name == bucket, "MediaBucket.Name is the bucket"))

	queues, _, err := ci.DescribeMediaProcessQueues(ctx, &cos.DescribeMediaProcessQueuesOptions{})
	if err != nil || len(queues.QueueList) == 0 {
		fail("list queues", fmt.Errorf("%v, %d queues", err, len(queues.QueueList)))
	}
	queue := queues.QueueList[0]
	add("list queues", queues, err, "QueueList[0].State = "+queue.State)

	set := func(step, state string) {
		result, _, err := ci.UpdateMediaProcessQueue(ctx, &cos.UpdateMediaProcessQueueOptions{
			Name: queue.Name, QueueID: queue.QueueId, State: state,
			NotifyConfig: &cos.MediaProcessQueueNotifyConfig{
				Url: "http://cb.example.com/x", State: "On", Type: "Url", Event: "TaskFinish", ResultFormat: "XML"},
		})
		if err != nil {
			fail(step, err)
		}
		add(step, result, err, "Queue.State = "+result.Queue.State+", Url = "+result.Queue.NotifyConfig.Url)
	}
	set("callback rule", "Active")
	set("pause", "Paused")

	put, err := client.Object.Put(ctx, "in/中文 a+b.mp4", strings.NewReader("not really a film"), nil)
	if err != nil {
		fail("put object", err)
	}
	add("put object", nil, err, is(put.Header.Get("ETag") != "", "ETag is set, CRC is verified"))

	snapshot := cos.MediaProcessJobOperation{
		Snapshot: &cos.Snapshot{Mode: "Interval", Start: "0", TimeInterval: "1", Count: "2"},
		Output:   &cos.JobOutput{Region: region, Bucket: bucket, Object: "out/${Number}.jpg"},
		UserData: "note",
		JobLevel: 1,
	}
	input := &cos.JobInput{Object: "in/中文 a+b.mp4"}
	one, _, err := ci.CreateMediaJobs(ctx, &cos.CreateMediaJobsOptions{Tag: "Snapshot", Input: input, Operation: &snapshot})
	if err != nil {
		fail("submit one", err)
	}
	add("submit one", one, err, "JobsDetail.Tag = "+one.JobsDetail.Tag)
	many, _, err := ci.CreateMultiMediaJobs(ctx, &cos.CreateMultiMediaJobsOptions{
		Input: input, Tag: "Snapshot", Operation: []cos.MediaProcessJobOperation{snapshot, snapshot}})
	if err != nil || len(many.JobsDetail) != 2 {
		fail("submit several", fmt.Errorf("%v, %d jobs", err, len(many.JobsDetail)))
	}
	add("submit several", many, err, fmt.Sprintf("JobsDetail[%d]", len(many.JobsDetail)))
	dropped := many.JobsDetail[1].JobId
	_, err = ci.CancelJob(ctx, dropped)
	add("cancel", nil, err, "no body, as documented")
	waiting, _, err := ci.DescribeMultiMediaJob(ctx, []string{one.JobsDetail.JobId, dropped})
	if err != nil {
		fail("describe several", err)
	}
	add("describe several", waiting, err, fmt.Sprintf("JobsDetail[%d]", len(waiting.JobsDetail)))

	set("resume", "Active")
	advance(60)
	described, _, err := ci.DescribeMediaJob(ctx, one.JobsDetail.JobId)
	if err != nil {
		fail("describe", err)
	}
	add("describe", described, err, fmt.Sprintf("JobsDetail.State = %s, UserData = %s", described.JobsDetail.State, described.JobsDetail.Operation.UserData))
	listed, _, err := ci.DescribeMediaJobs(ctx, &cos.DescribeMediaJobsOptions{Tag: "Snapshot", States: "Success", Size: 1})
	if err != nil {
		fail("list jobs", err)
	}
	add("list jobs", listed, err, is(listed.NextToken != "", "NextToken leads to the next page"))
	output := described.JobsDetail.Operation.MediaResult.OutputFile
	content, err := client.Object.Get(ctx, output.ObjectPrefix+output.ObjectName[0], nil)
	if err != nil {
		fail("get object", err)
	}
	data, err := io.ReadAll(content.Body)
	content.Body.Close()
	add("get object", nil, err, is(len(data) > 0, "the output of the job"))

	made, _, err := ci.CreateMediaSnapshotTemplate(ctx, &cos.CreateMediaSnapshotTemplateOptions{
		Tag: "Snapshot", Name: "shot", Snapshot: &cos.Snapshot{Mode: "Interval", Start: "0", Count: "2", TimeInterval: "1"}})
	if err != nil {
		fail("create template", err)
	}
	template := made.Template.TemplateId
	add("create template", made, err, "Template.Name = "+made.Template.Name)
	templates, _, err := ci.DescribeMediaTemplate(ctx, &cos.DescribeMediaTemplateOptions{Ids: template})
	if err != nil {
		fail("list templates", err)
	}
	add("list templates", templates, err, fmt.Sprintf("TotalCount = %d", templates.TotalCount))

	flow, _, err := ci.CreateMediaWorkflow(ctx, &cos.CreateMediaWorkflowOptions{MediaWorkflow: &cos.MediaWorkflow{
		Name: "flow", State: "Paused",
		Topology: &cos.Topology{
			Dependencies: map[string]string{"Start": "Snapshot_1", "Snapshot_1": "End"},
			Nodes: map[string]cos.Node{
				"Start": {Type: "Start", Input: &cos.NodeInput{QueueId: queue.QueueId, ObjectPrefix: "in/"}},
				"Snapshot_1": {Type: "Snapshot", Operation: &cos.NodeOperation{
					TemplateId: template, Output: &cos.NodeOutput{Region: region, Bucket: bucket, Object: "flow/${RunId}-${Number}.jpg"}}},
			},
		}}})
	if err != nil {
		fail("create workflow", err)
	}
	workflow := flow.MediaWorkflow.WorkflowId
	add("create workflow", flow, err, "MediaWorkflow.State = "+flow.MediaWorkflow.State)
	_, err = ci.ActiveMediaWorkflow(ctx, workflow)
	add("activate workflow", nil, err, "no error")
	workflows, _, err := ci.DescribeMediaWorkflow(ctx, &cos.DescribeMediaWorkflowOptions{Ids: workflow})
	if err != nil {
		fail("list workflows", err)
	}
	add("list workflows", workflows, err, "MediaWorkflowList[0].State = "+workflows.MediaWorkflowList[0].State)
	triggered, _, err := ci.TriggerWorkflow(ctx, &cos.TriggerWorkflowOptions{WorkflowId: workflow, Object: "in/中文 a+b.mp4"})
	add("trigger workflow", triggered, err, is(triggered.InstanceId != "", "InstanceId names the run"))
	advance(60)
	run, _, err := ci.DescribeWorkflowExecution(ctx, triggered.InstanceId)
	if err != nil {
		fail("describe run", err)
	}
	add("describe run", run, err, "WorkflowExecution[0].State = "+run.WorkflowExecution[0].State)
	runs, _, err := ci.DescribeWorkflowExecutions(ctx, &cos.DescribeWorkflowExecutionsOptions{WorkflowId: workflow})
	if err != nil {
		fail("list runs", err)
	}
	add("list runs", runs, err, fmt.Sprintf("WorkflowExecutionList[%d]", len(runs.WorkflowExecutionList)))

	batch, _, err := ci.CreateInventoryTriggerJob(ctx, &cos.CreateInventoryTriggerJobOptions{
		Name: "batch", Type: "Workflow",
		Input:     &cos.InventoryTriggerJobInput{Prefix: "in/"},
		Operation: &cos.InventoryTriggerJobOperation{WorkflowIds: workflow, UserData: "batch"}})
	if err != nil {
		fail("create batch job", err)
	}
	add("create batch job", batch, err, is(batch.JobsDetail != nil && batch.JobsDetail.JobId != "", "JobsDetail.JobId is set"))
	batches, _, err := ci.DescribeInventoryTriggerJobs(ctx, &cos.DescribeInventoryTriggerJobsOptions{Type: "Workflow", States: "All"})
	add("list batch jobs", batches, err, is(batches.JobsDetail != nil, "JobsDetail holds the job"))
	_, err = ci.CancelInventoryTriggerJob(ctx, batch.JobsDetail.JobId)
	add("cancel batch job", nil, err, "no error, although this SDK sends no ?cancel")
	again, _, err := ci.DescribeInventoryTriggerJob(ctx, batch.JobsDetail.JobId)
	if err != nil {
		fail("describe batch job", err)
	}
	add("describe batch job", again, err, "JobsDetail.State = "+again.JobsDetail.State)

	advance(600)
	deleted, _, err := ci.DeleteMediaWorkflow(ctx, workflow)
	add("delete workflow", deleted, err, is(deleted.WorkflowId == workflow, "WorkflowId is the one deleted"))
	gone, _, err := ci.DeleteMediaTemplate(ctx, template)
	add("delete template", gone, err, is(gone.TemplateId == template, "TemplateId is the one deleted"))

	_, _, err = ci.DescribeMediaJob(ctx, "jffffffffffffffffffffffffffffffff")
	unknown := "no error"
	var refused *cos.ErrorResponse
	if errors.As(err, &refused) {
		unknown = fmt.Sprintf("error %d %s", refused.Response.StatusCode, refused.Code)
	}
	add("unknown job", nil, nil, unknown)

	if len(os.Args) > 1 { // a file with the callback of a job
		body, err := os.ReadFile(os.Args[1])
		var callback cos.JobsNotifyBody
		if err == nil {
			err = xml.Unmarshal(body, &callback)
		}
		if err != nil || len(callback.JobsDetail) == 0 {
			fail("callback", fmt.Errorf("%v, %d jobs", err, len(callback.JobsDetail)))
		}
		add("callback", callback, err, "EventName = "+callback.EventName+", JobsDetail[0].State = "+callback.JobsDetail[0].State)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		fail("rows", err)
	}
	fmt.Println(string(text))
}
