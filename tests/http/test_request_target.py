"""Hosts, paths and queries in the forms that clients send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciq_mock.http.target import HostReader, Place, read_path, read_query
from ciq_mock.service.refusal import Refusal
from ciq_mock.settings import Limits

DEFAULT = Place(bucket="examplebucket-1250000000", region="ap-chongqing")
LIMITS = Limits()


@pytest.mark.parametrize(
    ("host", "bucket", "region"),
    [
        (b"unit-1250000000.ci.ap-test.myqcloud.com", "unit-1250000000", "ap-test"),
        (b"Unit-1250000000.CI.ap-test.MYQCLOUD.com:8080", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.cos.ap-test.myqcloud.com", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.ci.ap-test.tencentci.cn", "unit-1250000000", "ap-test"),
        (b"ci.ap-test.myqcloud.com", "", "ap-test"),
        (b"unit-1250000000.cos-internal.ap-test.tencentcos.cn", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.ci-internal.ap-test.tencentci.cn", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.pic.ap-test.myqcloud.com", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.cos.accelerate.myqcloud.com", "unit-1250000000", DEFAULT.region),
        (b"unit-1250000000.ci.ap-test.myqcloud.com.", "unit-1250000000", "ap-test"),
        (b"unit-1250000000.ci.ap-test.myqcloud.com.:80", "unit-1250000000", "ap-test"),
        (b"localhost.", DEFAULT.bucket, DEFAULT.region),
        (b"127.0.0.1:8080", DEFAULT.bucket, DEFAULT.region),
        (b"localhost", DEFAULT.bucket, DEFAULT.region),
        (b"unit-1250000000.localhost:1", "unit-1250000000", DEFAULT.region),
        (b"[::1]:80", DEFAULT.bucket, DEFAULT.region),
        (b"mock", DEFAULT.bucket, DEFAULT.region),
    ],
)
def test_host_gives_bucket_and_region(host: bytes, bucket: str, region: str) -> None:
    """The service's host forms name both; an address or a foreign name means the default bucket."""
    assert HostReader(DEFAULT).place(host) == Place(bucket=bucket, region=region)


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"x.file.ap-test.myqcloud.com", b"h:port", b"h:", b"a\xff", b".ci.r.myqcloud.com", b"x" * 300]
)
def test_invalid_host_is_refused(host: bytes) -> None:
    """An invalid host, or an undocumented form within the service's domain, is InvalidHost."""
    with pytest.raises(Refusal) as caught:
        HostReader(DEFAULT).place(host)
    assert (caught.value.code, caught.value.status) == ("InvalidHost", 400)


def test_query_of_sdks_is_decoded() -> None:
    """Plus and %20 are spaces, empty means absent, names ignore case, a name without value is kept."""
    query = read_query(b"pageSize=&Tag=a+b%20c&ids=a%2Cb&cancel&tag=second", LIMITS)
    assert query.get("pageSize") is None
    assert query.has("pagesize")
    assert query.get("tag") == "a b c"
    assert query.get("ids") == "a,b"
    assert query.has("cancel")
    assert not query.has("active")


@pytest.mark.parametrize("raw", [b"a=%", b"a=%2", b"a=%zz", b"%=1", b"a=%ff%fe", b"a=" + b"x" * 20000, b"a&" * 100])
def test_unreadable_query_is_refused(raw: bytes) -> None:
    """Invalid escapes, text that is not UTF-8 and too many parameters are InvalidArgument."""
    with pytest.raises(Refusal) as caught:
        read_query(raw, LIMITS)
    assert (caught.value.code, caught.value.status) == ("InvalidArgument", 400)


@pytest.mark.parametrize("raw", [b"/jobs/%", b"/jobs/%g0", b"/jobs/%ff", b"/" + b"x" * 20000])
def test_unreadable_path_is_refused(raw: bytes) -> None:
    """The code is that of an unreadable query."""
    with pytest.raises(Refusal) as caught:
        read_path(raw, LIMITS)
    assert (caught.value.code, caught.value.status) == ("InvalidArgument", 400)


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    """The readers raise nothing but a refusal with a 4xx status."""
    statuses = []
    for read in (HostReader(DEFAULT).place, lambda b: read_path(b, LIMITS), lambda b: read_query(b, LIMITS)):
        try:
            read(raw)
        except Refusal as refusal:
            statuses.append(refusal.status)
    assert all(400 <= status < 500 for status in statuses)
