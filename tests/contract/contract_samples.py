"""Samples of every document of the contract, valid in the strict reading; their ids are made up."""

from lxml import etree

from ciq_schemas.codec import Document

QUEUE = (
    "<QueueId>p00000000000000000000000000000001</QueueId><Name>queue-doc-process-1</Name><State>Active</State>"
    "<NotifyConfig><Url/><Event/><Type/><State>Off</State></NotifyConfig>"
    "<MaxSize>10000</MaxSize><MaxConcurrent>10</MaxConcurrent>"
    "<CreateTime>2026-01-02T03:04:05+0800</CreateTime><UpdateTime>2026-01-02T03:04:05+0800</UpdateTime>"
    "<BucketId>unit-1250000000</BucketId><Category>DocProcessing</Category>"
)
RULE = (
    "<NotifyConfig><Url>http://receiver.example/cb?a=1&amp;b=2</Url><State>On</State><Type>Url</Type>"
    "<Event>TaskFinish,WorkflowFinish</Event><ResultFormat>JSON</ResultFormat></NotifyConfig>"
)
OPERATION = (
    "<Operation><Snapshot><Mode>Interval</Mode><Start>0</Start><Count>3</Count></Snapshot>"
    "<Output><Region>ap-guangzhou</Region><Bucket>probe-1250000000</Bucket><Object>out/s-${Number}.jpg</Object></Output>"
    "<UserData>case-17 &lt;&amp;&gt;</UserData><JobLevel>2</JobLevel></Operation>"
)


def job(state: str = "Submitted", start: str = "-", end: str = "-") -> str:
    """The content of a JobsDetail."""
    return (
        "<Code>Success</Code><Message/><JobId>j00000000000000000000000000000abc</JobId><Tag>Snapshot</Tag>"
        f"<State>{state}</State><CreationTime>2026-01-05T09:00:00+0800</CreationTime>"
        f"<StartTime>{start}</StartTime><EndTime>{end}</EndTime><QueueId>p00000000000000000000000000000001</QueueId>"
        "<Input><BucketId>probe-1250000000</BucketId><Object>in/片 7.mp4</Object><Region>ap-guangzhou</Region></Input>"
        f"{OPERATION}"
    )


ENDED = job("Success", "2026-01-05T09:00:02+0800", "2026-01-05T09:00:04+0800")

_BUCKET = (
    "<BucketId>unit-1250000000</BucketId><Name>unit-1250000000</Name><Region>ap-test</Region>"
    "<CreateTime>2026-01-02T03:04:05+0800</CreateTime>"
)

_TOPOLOGY = (
    "<Topology><Dependencies><Start>Snapshot_1</Start><Snapshot_1>End</Snapshot_1></Dependencies>"
    "<Nodes><Start><Type>Start</Type><Input><ObjectPrefix>in/</ObjectPrefix></Input></Start>"
    "<Snapshot_1><Type>Snapshot</Type><Operation><TemplateId>t01</TemplateId></Operation></Snapshot_1></Nodes></Topology>"
)
_WORKFLOW = (
    "<Name>wf-1</Name><WorkflowId>w01</WorkflowId><State>Active</State><CreateTime>2026-01-05T09:00:00+0800</CreateTime>"
    f"<UpdateTime>2026-01-05T09:00:00+0800</UpdateTime><BucketId>b-125</BucketId>{_TOPOLOGY}"
)
_TASK = (
    "<Tasks><Type>Snapshot</Type><CreateTime>2026-01-05T09:00:00+08:00</CreateTime>"
    "<EndTime>2026-01-05T09:00:04+08:00</EndTime><State>Success</State><JobId>j01</JobId><Name>Snapshot_1</Name>"
)
_BATCH = (
    "<JobsDetail><Code>Success</Code><Message/><Name>demo</Name><Type>Workflow</Type><JobId>b01</JobId>"
    "<State>Running</State><CreationTime>2026-01-05T09:00:00+0800</CreationTime><StartTime>-</StartTime>"
    "<EndTime>-</EndTime><Input><Prefix>in/</Prefix></Input><Operation><WorkflowIds>w01</WorkflowIds>"
    "<TimeInterval><Start>2026-01-05T09:00:00+0800</Start></TimeInterval></Operation></JobsDetail>"
)

SAMPLES: dict[str, tuple[Document, str]] = {
    "workflow request": (
        Document.WORKFLOW_REQUEST,
        f"<Request><MediaWorkflow><Name>wf-1</Name><State>Active</State>{_TOPOLOGY}</MediaWorkflow></Request>",
    ),
    "workflow answer": (
        Document.WORKFLOW_ANSWER,
        f"<Response><RequestId>r</RequestId><MediaWorkflow>{_WORKFLOW}</MediaWorkflow></Response>",
    ),
    "workflow list": (
        Document.WORKFLOW_LIST,
        (
            "<Response><RequestId>r</RequestId><TotalCount>1</TotalCount><PageNumber>1</PageNumber><PageSize>10</PageSize>"
            f"<MediaWorkflowList>{_WORKFLOW}</MediaWorkflowList><NonExistIDs>w02</NonExistIDs></Response>"
        ),
    ),
    "workflow deleted": (
        Document.WORKFLOW_DELETED,
        "<Response><RequestId>r</RequestId><WorkflowId>w01</WorkflowId></Response>",
    ),
    "workflow triggered": (
        Document.WORKFLOW_TRIGGERED,
        "<Response><RequestId>r</RequestId><InstanceId>i01</InstanceId></Response>",
    ),
    "runs": (
        Document.RUN_LIST,
        (
            "<Response><RequestId>r</RequestId><WorkflowExecutionList><RunId>i01</RunId><WorkflowId>w01</WorkflowId>"
            "<Object>in/a.mp4</Object><CreateTime>2026-01-05T09:00:00+08:00</CreateTime><State>Success</State>"
            "</WorkflowExecutionList><NextToken>115716</NextToken></Response>"
        ),
    ),
    "run": (
        Document.RUN_DETAIL,
        (
            "<Response><RequestId>r</RequestId><WorkflowExecution><WorkflowId>w01</WorkflowId><Name>wf-1</Name>"
            "<RunId>i01</RunId><CreateTime>2026-01-05T09:00:00+08:00</CreateTime><Object>in/a.mp4</Object>"
            f"<State>Success</State>{_TOPOLOGY}{_TASK}<Code>Success</Code><Message/></Tasks></WorkflowExecution></Response>"
        ),
    ),
    "batch request, workflow": (
        Document.BATCH_REQUEST,
        (
            "<Request><Name>demo</Name><Type>Workflow</Type><Input><Prefix>in/</Prefix></Input>"
            "<Operation><WorkflowIds>w01,w02</WorkflowIds></Operation></Request>"
        ),
    ),
    "batch request, job": (
        Document.BATCH_REQUEST,
        (
            "<Request><Name>demo</Name><Type>Job</Type><Input><Object>in/a.mp4</Object></Input><Operation>"
            "<Tag>Snapshot</Tag><JobParam><TemplateId>t01</TemplateId></JobParam><Output><Region>r</Region>"
            "<Bucket>b-125</Bucket><Object>out/${RunId}.jpg</Object></Output><UserData>x</UserData><JobLevel>2</JobLevel>"
            "<QueueId>p01</QueueId><CallBack>http://cb.example/</CallBack></Operation></Request>"
        ),
    ),
    "batch answer": (
        Document.BATCH_ANSWER,
        f"<Response><RequestId>r</RequestId>{_BATCH}<NonExistJobIds>b02</NonExistJobIds></Response>",
    ),
    "queue list, paged": (
        Document.QUEUE_LIST,
        (
            "<Response><RequestId>REQ-1</RequestId><TotalCount>1</TotalCount><PageNumber>1</PageNumber>"
            f"<PageSize>10</PageSize><QueueList>{QUEUE}</QueueList></Response>"
        ),
    ),
    "queue list, by id, newer form": (
        Document.QUEUE_LIST,
        (
            f"<Response><RequestId>REQ-2</RequestId><QueueList>{QUEUE}</QueueList><QueueList>{QUEUE}</QueueList>"
            "<NonExistPIDs>pX</NonExistPIDs><NonExistPIDs>pY</NonExistPIDs></Response>"
        ),
    ),
    "queue list, by id, older form": (
        Document.QUEUE_LIST,
        (
            "<Response><RequestId>REQ-2</RequestId><NonExistPIDs><QueueID>pX</QueueID><QueueID>pY</QueueID>"
            "</NonExistPIDs></Response>"
        ),
    ),
    "queue update": (
        Document.QUEUE_UPDATE_REQUEST,
        f"<Request><Name>队列-1_*</Name><QueueID>p01</QueueID><State>Paused</State>{RULE}</Request>",
    ),
    "queue update, no id": (
        Document.QUEUE_UPDATE_REQUEST,
        "<Request><Name>q</Name><State>Active</State><NotifyConfig><State>Off</State></NotifyConfig></Request>",
    ),
    "queue update, documents": (
        Document.DOC_QUEUE_UPDATE_REQUEST,
        f"<Request><Name>any name. at all</Name><QueueId>p01</QueueId><State>Active</State>{RULE}</Request>",
    ),
    "queue update answer": (
        Document.QUEUE_UPDATE_ANSWER,
        f"<Response><RequestId>REQ-3</RequestId><Queue>{QUEUE}</Queue></Response>",
    ),
    "bucket answer": (
        Document.BUCKET_ANSWER,
        f"<Response><RequestId>REQ-4</RequestId><AsrBucket>{_BUCKET}</AsrBucket></Response>",
    ),
    "bucket answer, documents": (
        Document.BUCKET_ANSWER,
        f"<Response><RequestId>REQ-4</RequestId><DocBucket>{_BUCKET}<AliasBucketId/></DocBucket></Response>",
    ),
    "bucket list": (
        Document.BUCKET_LIST,
        (
            "<Response><RequestId>REQ-5</RequestId><TotalCount>2</TotalCount><PageNumber>1</PageNumber>"
            f"<PageSize>10</PageSize><MediaBucketList>{_BUCKET}</MediaBucketList><MediaBucketList>{_BUCKET}"
            "</MediaBucketList></Response>"
        ),
    ),
    "bucket list, none": (
        Document.BUCKET_LIST,
        (
            "<Response><RequestId>REQ-5</RequestId><TotalCount>0</TotalCount><PageNumber>1</PageNumber>"
            "<PageSize>10</PageSize></Response>"
        ),
    ),
    "bucket closed": (
        Document.BUCKET_CLOSED,
        "<Response><RequestId>REQ-6</RequestId><BucketName>unit-1250000000</BucketName></Response>",
    ),
    "submit": (
        Document.JOB_SUBMIT_REQUEST,
        (
            f"<Request><Tag>Snapshot</Tag><Input><Object>in/clip-7.mp4</Object></Input>{OPERATION}<QueueId>p01</QueueId>"
            "<CallBackFormat>JSON</CallBackFormat><CallBack>http://receiver.example/cb</CallBack></Request>"
        ),
    ),
    "submit, six operations": (
        Document.JOB_SUBMIT_REQUEST,
        "<Request><Input><Object>in/clip-7.mp4</Object></Input>"
        + OPERATION.replace("<Operation>", "<Operation><Tag>Snapshot</Tag>") * 6
        + "</Request>",
    ),
    "submit, no input": (
        Document.JOB_SUBMIT_REQUEST,
        (
            "<Request><Tag>FileCompress</Tag><Operation><FileCompressConfig><Format>zip</Format><Key>a</Key><Key>b</Key>"
            "</FileCompressConfig><Output><Region>ap-test</Region><Bucket>unit-1250000000</Bucket></Output></Operation>"
            "</Request>"
        ),
    ),
    "job answer": (Document.JOB_ANSWER, f"<Response><JobsDetail>{job()}</JobsDetail></Response>"),
    "job answer, many": (
        Document.JOB_ANSWER,
        (
            f"<Response><JobsDetail>{job()}</JobsDetail><JobsDetail>{ENDED}</JobsDetail>"
            "<NonExistJobIds>jX,jY</NonExistJobIds><NextToken>1234</NextToken></Response>"
        ),
    ),
    "job answer, none": (
        Document.JOB_ANSWER,
        "<Response><NonExistJobIds>jX</NonExistJobIds><NonExistJobIds>jY</NonExistJobIds></Response>",
    ),
    "task callback": (
        Document.TASK_CALLBACK,
        f"<Response><EventName>TaskFinish</EventName><JobsDetail>{ENDED}</JobsDetail></Response>",
    ),
    "older callback": (
        Document.LEGACY_CALLBACK,
        f"<Response><JobsDetail>{ENDED}</JobsDetail><NonExistJobIds/></Response>",
    ),
    "workflow callback": (
        Document.WORKFLOW_CALLBACK,
        (
            "<Response><EventName>WorkflowFinish</EventName><WorkflowExecution><RunId>i01</RunId><BucketId>b-1</BucketId>"
            "<Object>in/x.mp4</Object><CosHeaders><Key>Size</Key><Value>7</Value></CosHeaders><WorkflowId>w01</WorkflowId>"
            "<WorkflowName>probe</WorkflowName><CreateTime>2026-01-05 09:00:00+0800</CreateTime><State>Success</State>"
            "<Tasks><Type>Snapshot</Type><CreateTime>2026-01-05 09:00:00+0800</CreateTime>"
            "<EndTime>2026-01-05 09:00:04+0800</EndTime><State>Success</State><JobId>j01</JobId><Name>S_17</Name>"
            "<ResultInfo><ObjectCount>1</ObjectCount></ResultInfo></Tasks></WorkflowExecution></Response>"
        ),
    ),
    "error": (
        Document.ERROR,
        (
            "<Error><Code>InvalidArgument</Code><Message>pageSize</Message><RequestId>REQ-9</RequestId>"
            "<TraceId>TR-9</TraceId></Error>"
        ),
    ),
    "error, with resource": (
        Document.ERROR,
        "<Error><Code>QueueNotFound</Code><Message/><Resource>/queue/p01</Resource><RequestId>REQ-9</RequestId></Error>",
    ),
}

_TEMPLATE = (
    "<Tag>PicProcess</Tag><TemplateId>t00000000000000000000000000000abc</TemplateId><Name>small-7</Name>"
    "<BucketId>unit-1250000000</BucketId><Category>Custom</Category>"
    "<PicProcess><IsPicInfo>true</IsPicInfo><ProcessRule>imageMogr2/rotate/90</ProcessRule></PicProcess>"
    "<CreateTime>2026-01-02T03:04:05+0800</CreateTime><UpdateTime>2026-01-02T03:04:06+0800</UpdateTime>"
)
_HOT_WORDS = (
    "<TableName>towns</TableName><TableDescription/>"
    "<VocabularyWeights><Vocabulary>城</Vocabulary><Weight>7</Weight></VocabularyWeights>"
)
_FRAME = "<Output><Region>ap-test</Region><Bucket>unit-1250000000</Bucket><Object>out/a.png</Object></Output>"
_PAGE = "<RequestId>REQ-T</RequestId><TotalCount>1</TotalCount><PageNumber>1</PageNumber><PageSize>10</PageSize>"

SAMPLES |= {
    "template request": (
        Document.TEMPLATE_REQUEST,
        (
            "<Request><Tag>Transcode</Tag><Name>mp4-中_-*</Name><Container><Format>mp4</Format></Container>"
            "<Video><Codec>H.264</Codec></Video><AudioMixArray><MixMode>Once</MixMode></AudioMixArray>"
            "<AudioMixArray><MixMode>Repeat</MixMode></AudioMixArray></Request>"
        ),
    ),
    "template": (
        Document.TEMPLATE_ANSWER,
        f"<Response><RequestId>REQ-T</RequestId><Template>{_TEMPLATE}</Template></Response>",
    ),
    "templates": (Document.TEMPLATE_LIST, f"<Response>{_PAGE}<TemplateList>{_TEMPLATE}</TemplateList></Response>"),
    "template deleted": (
        Document.TEMPLATE_DELETED,
        "<Response><RequestId>REQ-T</RequestId><TemplateId>t00000000000000000000000000000abc</TemplateId></Response>",
    ),
    "binding": (
        Document.BINDING_ANSWER,
        (
            "<Response><RequestId>REQ-B</RequestId>"
            "<CIBucket><BucketId>unit-1250000000</BucketId><Region>ap-test</Region></CIBucket></Response>"
        ),
    ),
    "bound buckets": (
        Document.BOUND_BUCKETS,
        (
            f"<Response>{_PAGE}<CIBucketList><BucketId>unit-1250000000</BucketId><BucketName>unit</BucketName>"
            "<AppId>1250000000</AppId><CreateTime>2026-01-02T03:04:05+0800</CreateTime><Region>ap-test</Region>"
            "<Status>on</Status></CIBucketList></Response>"
        ),
    ),
    "play keys": (
        Document.PLAY_KEY_ANSWER,
        (
            "<Response><RequestId>REQ-K</RequestId><PlayKeyList><MasterPlayKey>sesame</MasterPlayKey>"
            "<BackupPlayKey/></PlayKeyList></Response>"
        ),
    ),
    "media info request": (Document.MEDIA_INFO_REQUEST, "<Request><Input><Object>in/a.mp4</Object></Input></Request>"),
    "media info": (
        Document.MEDIA_INFO_ANSWER,
        (
            "<Response><MediaInfo><Stream><Video><Width>640</Width></Video></Stream>"
            "<Format><Size>9</Size></Format></MediaInfo></Response>"
        ),
    ),
    "snapshot request": (
        Document.SNAPSHOT_REQUEST,
        (
            "<Request><Input><Object>in/a.mp4</Object></Input><Time>1.5</Time><Width>64</Width><Height/>"
            f"<Mode>keyframe</Mode><Rotate>off</Rotate><Format>png</Format>{_FRAME}</Request>"
        ),
    ),
    "snapshot": (Document.SNAPSHOT_ANSWER, f"<Response>{_FRAME}</Response>"),
    "image search": (Document.IMAGE_SEARCH_REQUEST, "<Request><MaxCapacity>10000</MaxCapacity></Request>"),
    "hot words": (Document.VOCABULARY_REQUEST, f"<Request>{_HOT_WORDS}</Request>"),
    "hot words, update": (
        Document.VOCABULARY_UPDATE_REQUEST,
        f"<Request><TableId>v1</TableId>{_HOT_WORDS}</Request>",
    ),
    "hot words, changed": (
        Document.VOCABULARY_CHANGED,
        "<Response><RequestId>REQ-V</RequestId><TableId>v1</TableId></Response>",
    ),
    "hot words, one": (
        Document.VOCABULARY_ANSWER,
        f"<Response><RequestId>REQ-V</RequestId><TableId>v1</TableId>{_HOT_WORDS}</Response>",
    ),
    "hot words, list": (
        Document.VOCABULARY_LIST,
        (
            "<Response><RequestId>REQ-V</RequestId><TotalCount>1</TotalCount><VocabularyTable><TableId>v1</TableId>"
            f"{_HOT_WORDS}</VocabularyTable></Response>"
        ),
    ),
}


def sample(name: str) -> tuple[Document, bytes]:
    """Document and bytes of a sample."""
    document, text = SAMPLES[name]
    return document, f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def canonical_form(data: bytes) -> bytes:
    """The document in lxml's canonical form, which is equal for documents of equal content."""
    return etree.tostring(etree.fromstring(data), method="c14n")
