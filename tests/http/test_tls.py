"""HTTPS and CONNECT on the port of plain HTTP: certificates, names, limits and refusals."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from http_bench import send_raw, submit_body
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ciq_mock.certificates import Authority
from ciq_mock.client_environment import TRUST_STORE_PASSWORD, trust_store_of
from ciq_mock.http.hosts import KnownHosts
from ciq_mock.server import MockServer
from ciq_mock.settings import Certificate, Handshake, Limits, MockSettings, SettingError, TlsSettings
from ciq_schemas.features import Feature

BUCKET_HOST = "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"
SETTINGS = MockSettings(activated=(Feature.MEDIA,))


@pytest.fixture(scope="module")
def _running() -> Iterator[MockServer]:
    with MockServer(SETTINGS, tls=True) as server:
        yield server


@pytest.fixture
def server(_running: MockServer) -> MockServer:
    """A mock with TLS, reset."""
    _running.reset()
    return _running


def trusting(server: MockServer) -> ssl.SSLContext:
    """A client's context that trusts the mock's authority and nothing else."""
    return ssl.create_default_context(cafile=str(server.ca_file))


def connected(server: MockServer) -> socket.socket:
    """A plain connection to the port."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def encrypted(server: MockServer, name: str) -> ssl.SSLSocket:
    """A connection with TLS for a host name, after its handshake."""
    return trusting(server).wrap_socket(connected(server), server_hostname=name)


def answer_on(sock: socket.socket, raw: bytes) -> tuple[int, str, bytes]:
    """Send bytes; return status, reason and body of the answer; none after CONNECT."""
    sock.sendall(raw)
    response = HTTPResponse(sock, method="HEAD" if raw.startswith(b"CONNECT") else "GET")
    response.begin()
    return response.status, response.reason, response.read()


def read_all(sock: socket.socket) -> bytes:
    """All bytes until the mock closes the connection."""
    received = b""
    while part := sock.recv(65536):
        received += part
    return received


def get(host: str, target: str = "/queue") -> bytes:
    """The bytes of a GET."""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def refusal_of_client(server: MockServer, name: str) -> str:
    """Why a client rejects the mock in the handshake."""
    try:
        encrypted(server, name).close()
    except OSError as error:
        return str(error) or "cut"
    return ""


def with_proxy(server: MockServer) -> requests.Session:
    """A client that uses the mock as its proxy for everything, and trusts its authority."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.ca_file)
    session.proxies = {"http": server.url, "https": server.url}
    return session


# --- HTTPS and HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        BUCKET_HOST,
        "ci.ap-chongqing.myqcloud.com",
        "b-1.cos.accelerate.myqcloud.com",
        "b-1.cos-internal.ap-chongqing.tencentcos.cn",
        "b-1.ci.ap-chongqing.tencentci.cn",
        "localhost",
        "127.0.0.1",
        "::1",
    ],
)
def test_certificate_is_valid_for_requested_name(server: MockServer, name: str) -> None:
    """The client verifies chain and name; a strict one too (Python 3.13 is strict by default)."""
    context = trusting(server)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with context.wrap_socket(connected(server), server_hostname=name) as sock:
        assert answer_on(sock, get(name if ":" not in name else "[::1]"))[0] in (200, 400)
        assert sock.version() == "TLSv1.3"


def test_http_stays_available_beside_https(server: MockServer) -> None:
    """Both reach the same state."""
    job = requests.post(f"{server.https_url}/jobs", data=submit_body(), verify=str(server.ca_file), timeout=10)
    assert job.status_code == 200
    job_id = job.text.partition("<JobId>")[2].partition("<")[0]
    assert job_id in requests.get(f"{server.url}/jobs/{job_id}", timeout=10).text


def test_kept_connection_and_long_bodies_work_inside_tls(server: MockServer) -> None:
    """Bodies that fill many TLS records arrive whole in both directions, on one connection."""
    content = bytes(range(256)) * 20_000
    with with_proxy(server) as client:
        url = "https://examplebucket-1250000000.cos.ap-chongqing.myqcloud.com/in/long.bin"
        assert client.put(url, data=content, timeout=20).status_code == 200
        for _ in range(3):
            assert client.get(url, timeout=20).content == content


def test_tls_1_2_is_accepted_and_older_is_not(server: MockServer) -> None:
    """Older clients in use speak 1.2."""
    context = trusting(server)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(connected(server), server_hostname="localhost") as sock:
        assert answer_on(sock, get("localhost"))[0] == 200


def test_head_limit_holds_inside_tls(server: MockServer) -> None:
    """The limits of plain HTTP are those of HTTPS."""
    with encrypted(server, "localhost") as sock:
        status, _, body = answer_on(sock, b"GET /" + b"x" * 65_600 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 400
    assert b"longer than 65536 bytes" in body


# --- the authority ------------------------------------------------------------------------------------------


def test_authority_is_constrained_to_the_services_domains(tmp_path: Path) -> None:
    """A client that trusts the authority rejects a certificate of it for any other site."""
    authority = Authority.create()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    results = {}
    for name in ("b-1.ci.ap-test.myqcloud.com", "api.github.com", "8.8.8.8"):
        issued = authority._context(name)
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = client.wrap_bio(inside, outside, server_hostname=name)
        other = issued.wrap_bio(outside, inside, server_side=True)
        results[name] = ""
        for _ in range(3):
            for side in (one, other):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLError as error:
                    results[name] = results[name] or str(error)
    assert results["b-1.ci.ap-test.myqcloud.com"] == ""
    assert "permitted subtree violation" in results["api.github.com"]
    assert "permitted subtree violation" in results["8.8.8.8"]


def test_each_start_makes_another_authority_and_leaves_no_file() -> None:
    """The temporary files are removed at the stop, and no file has the key."""
    pems = []
    for _ in range(2):
        with MockServer(tls=True) as server:
            pems.append(server.ca_file.read_text())
            folder = server.ca_file.parent
            assert {path.name for path in folder.iterdir()} == {"ca.pem", "ca.p12"}
            assert not any(b"PRIVATE KEY" in path.read_bytes() for path in folder.iterdir())
        assert not folder.exists()
    assert pems[0] != pems[1]


def test_authority_with_key_file_is_used_again(tmp_path: Path) -> None:
    """A container can keep its trust store over restarts of the mock; the key is for the owner only."""
    ca, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    with MockServer(tls=True, tls_ca=ca, tls_key=key):
        first = ca.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    with MockServer(SETTINGS, tls=True, tls_ca=ca, tls_key=key) as server, encrypted(server, "localhost") as sock:
        assert answer_on(sock, get("localhost"))[0] == 200
    assert ca.read_bytes() == first


def test_unfit_authority_files_are_refused(tmp_path: Path) -> None:
    """The message names both files."""
    ca, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    Authority.create(ca_file=ca, key_file=key)
    Authority.create(ca_file=ca)
    with pytest.raises(SettingError, match="is not that of the certificate"):
        MockServer(tls=True, tls_ca=ca, tls_key=key).start()
    key.write_text("no key")
    with pytest.raises(SettingError, match="cannot be read"):
        MockServer(tls=True, tls_ca=ca, tls_key=key).start()
    with pytest.raises(SettingError, match="cannot be written"):
        MockServer(tls=True, tls_ca=tmp_path / "none" / "ca.pem").start()


def test_java_trust_store_has_the_authority(server: MockServer) -> None:
    """Java reads no PEM file."""
    data = trust_store_of(server.ca_file).read_bytes()
    (entry,) = pkcs12.load_pkcs12(data, TRUST_STORE_PASSWORD.encode()).additional_certs
    assert entry.certificate == x509.load_pem_x509_certificate(server.ca_file.read_bytes())


def test_further_name_needs_setting() -> None:
    """`--tls-name` adds a name of the mock, as in a network of containers."""
    with MockServer(MockSettings(tls=TlsSettings(enabled=True, names=("mock", "ciq.test")))) as named:
        for name in ("mock", "ciq.test"):
            with encrypted(named, name) as sock:
                assert answer_on(sock, get(name))[0] == 400
        assert named.foreign_requests == ()
    with pytest.raises(SettingError, match=r"tls\.names"):
        TlsSettings(names=("https://mock",))


# --- CONNECT ------------------------------------------------------------------------------------------------


def test_client_with_proxy_reaches_the_mock(server: MockServer) -> None:
    """HTTPS through CONNECT and HTTP with absolute targets, to different buckets."""
    with with_proxy(server) as client:
        for scheme in ("https", "http"):
            assert client.get(f"{scheme}://{BUCKET_HOST}/queue", timeout=10).status_code == 200
            other = client.get(f"{scheme}://other-1.ci.ap-test.myqcloud.com/queue", timeout=10)
            assert "MediaBucketUnBinded" in other.text
    assert server.foreign_requests == ()


def test_plain_http_works_inside_a_tunnel(server: MockServer) -> None:
    """What follows CONNECT decides, not the port that it names."""
    with connected(server) as sock:
        assert answer_on(sock, b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n")[0] == 200
        assert answer_on(sock, get("localhost"))[0] == 200


def test_connect_in_pieces_with_handshake_in_the_same_packet_works(server: MockServer) -> None:
    """TCP has no message bounds."""
    with connected(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"CON", b"NECT localhost:443 HTT", b"P/1.1\r\nHost: x\r\n\r"):
            sock.sendall(piece)
            assert server.now()  # the mock's loop has turned, so that it has received the piece
        sock.sendall(b"\nGET /queue HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.settimeout(10)
        received = b""
        while b"</Response>" not in received:
            received += sock.recv(65536)
    assert received.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("host", ["api.github.com", "8.8.8.8", "myqcloud.com.attacker.example", "xmyqcloud.com", "x"])
def test_connect_to_foreign_host_is_refused_by_name_and_counted(server: MockServer, host: str) -> None:
    """The reason of the status line names the host, because clients show nothing else."""
    with connected(server) as sock:
        status, reason, body = answer_on(sock, f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert (status, body) == (403, b"")
        assert f"{host} is not a host of the service" in reason
        assert sock.recv(1) == b""
    assert [(one.place, one.host) for one in server.foreign_requests] == [("CONNECT", host)]
    assert server.requests[-1].status == 403
    assert host in server.requests[-1].reason


@pytest.mark.parametrize(
    "line", [b"CONNECT / HTTP/1.1", b"CONNECT localhost HTTP/1.1", b"CONNECT localhost:443", b"CONNECT  HTTP/1.1"]
)
def test_malformed_connect_is_refused(server: MockServer, line: bytes) -> None:
    """The reason says what was expected."""
    with connected(server) as sock:
        status, reason, _ = answer_on(sock, line + b"\r\n\r\n")
    assert (status, reason) == (400, "expected CONNECT HOST:PORT HTTP/1.1")


def test_garbage_after_connect_is_refused(server: MockServer) -> None:
    """Bytes that are neither TLS nor HTTP get the answer of a plain port, and the end."""
    with connected(server) as sock:
        assert answer_on(sock, b"CONNECT localhost:443 HTTP/1.1\r\n\r\n")[0] == 200
        sock.sendall(b"\x00\x01garbage\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 400 ")


def test_connect_is_accepted_once_and_only_outside_tls(server: MockServer) -> None:
    """A tunnel in a tunnel, or after another request, is refused."""
    connect = b"CONNECT localhost:443 HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(server) as sock:
        answer_on(sock, connect)
        assert answer_on(sock, connect)[0] == 405
    with encrypted(server, "localhost") as sock:
        assert answer_on(sock, connect)[0] == 405
    with connected(server) as sock:
        answer_on(sock, get("x"))
        assert answer_on(sock, connect)[0] == 405


def test_long_connect_head_is_refused(server: MockServer) -> None:
    """The head has the limit of every head."""
    with connected(server) as sock:
        sock.sendall(b"CONNECT localhost:443 HTTP/1.1\r\nX: " + b"x" * 66_000)
        assert sock.recv(100).startswith(b"HTTP/1.1 400 the head of the request is longer than 65536 bytes")


# --- hosts outside the service ------------------------------------------------------------------------------


def test_foreign_target_and_host_are_refused_and_counted(server: MockServer) -> None:
    """A URL as target, and a Host that name resolution may have led here."""
    with with_proxy(server) as client:
        answer = client.get("http://api.github.com/repos", timeout=10)
    assert answer.status_code == 403
    assert "api.github.com is not a host of the service" in answer.text
    status, _, body = send_raw(server, get("www.example.com"))
    assert status == 403
    assert b"www.example.com is not a host of the service" in body
    assert [(one.place, one.host) for one in server.foreign_requests] == [
        ("target", "api.github.com"),
        ("Host", "www.example.com"),
    ]
    assert [one.status for one in server.requests] == [403, 403]
    state = requests.get(f"{server.url}/_ciq/state", timeout=10).json()
    assert state["foreign_requests"] == 2
    server.reset()
    assert server.foreign_requests == ()


def test_foreign_name_in_handshake_is_refused_and_counted(server: MockServer) -> None:
    """The client gets the alert for an unknown name."""
    assert "UNRECOGNIZED_NAME" in refusal_of_client(server, "api.github.com")
    assert [(one.place, one.host) for one in server.foreign_requests] == [("SNI", "api.github.com")]


@pytest.mark.parametrize(
    ("authority", "known", "accepted"),
    [
        (b"B-1.CI.ap-x.MyQcloud.com.:443", True, True),
        (b"b-1.pic.ap-x.myqcloud.com", True, True),
        (b"[::1]:443", True, True),
        (b"::1", True, True),
        (b"127.0.0.2", True, True),
        (b"a.localhost:1", True, True),
        (b"named.test:443", True, True),
        (b"10.0.0.1:443", False, True),
        (b"mock:443", False, True),
        (b"myqcloud.com", False, False),
        (b"a\x00.myqcloud.com", False, False),
        (b"other.test", False, False),
    ],
)
def test_known_hosts_are_those_of_service_machine_and_settings(authority: bytes, known: bool, accepted: bool) -> None:
    """A Host header may also be an address or a name without a dot, by which a client has reached the mock."""
    hosts = KnownHosts.of("named.test")
    assert (hosts.knows(authority), hosts.accepts(authority)) == (known, accepted)


# --- wrong protocol, slow and broken clients ----------------------------------------------------------------


def test_tls_on_a_plain_port_is_refused_with_its_reason() -> None:
    """The client fails at once, and the log of the mock names the option."""
    with MockServer(SETTINGS) as plain:
        began = time.monotonic()
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(connected(plain), server_hostname="localhost")
        assert time.monotonic() - began < 5
        assert "--tls" in plain.requests[-1].reason
        with connected(plain) as sock:
            sock.sendall(b"\x16\x03\x01\x02\x00")
            assert b"this port of the mock has no TLS" in read_all(sock)
        with connected(plain) as sock:
            status, reason, _ = answer_on(sock, f"CONNECT {BUCKET_HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert (status, reason) == (403, "the mock has no TLS: start it with --tls")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(b"", b"RequestTimeout"), (b"\x16", b""), (b"\x16\x03\x01\x02\x00\x01", b""), (b"CONN", b"HTTP/1.1 400 ")],
)
def test_unfinished_handshake_or_connect_is_cut(sent: bytes, answered: bytes) -> None:
    """Each ends after the time for the head of a request; others are served meanwhile."""
    with MockServer(MockSettings(limits=Limits(header_timeout=0.3)), tls=True) as quick:
        with connected(quick) as sock:
            sock.sendall(sent)
            assert answered in read_all(sock)
        with connected(quick) as sock:
            assert answer_on(sock, b"CONNECT localhost:443 HTTP/1.1\r\n\r\n")[0] == 200
            read_all(sock)
        with encrypted(quick, "localhost") as sock:
            assert answer_on(sock, get("localhost", "/asrbucket"))[0] == 200
            assert sent[:1] != b"\x16" or any("TLS handshake was not complete" in one.reason for one in quick.requests)


def test_long_handshake_is_cut(server: MockServer) -> None:
    """A first message that TLS would still allow, but that is longer than any head, is not collected to its end."""
    announced = b"\x01\x01\xf0\x00"  # the first message of a client, of 126976 bytes
    with connected(server) as sock:
        for begin in (announced, *(b"\x00" * 4 for _ in range(6))):
            with suppress(OSError):  # cut meanwhile
                sock.sendall(b"\x16\x03\x01\x40\x00" + begin + b"\x00" * (0x4000 - 4))
        with suppress(ConnectionResetError):
            assert sock.recv(1) == b""
    assert "too many bytes without completing the TLS handshake" in server.requests[-1].reason


@given(
    start=st.sampled_from([b"\x16", b"\x16\x03\x01", b"CONNECT ", b"CONNECT localhost:443 "]),
    rest=st.binary(max_size=300),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_end_without_harm(server: MockServer, start: bytes, rest: bytes) -> None:
    """Whatever follows the first byte of a handshake or CONNECT, the connection ends, and the mock serves the next."""
    with connected(server) as sock:
        sock.sendall(start + rest)
        sock.shutdown(socket.SHUT_WR)
        received = read_all(sock)
    assert received[:1] in (b"", b"\x15") or received.startswith(b"HTTP/1.1 ")
    assert not received.startswith(b"HTTP/1.1 5")
    assert send_raw(server, get("x"))[0] == 200


def test_connections_in_handshake_count_against_the_limit() -> None:
    """Clients that never finish it cannot exhaust the mock."""
    with MockServer(MockSettings(limits=Limits(connections=3)), tls=True) as small:
        waiting = [connected(small) for _ in range(3)]
        for index, sock in enumerate(waiting):
            sock.sendall((b"\x16\x03\x01", b"CONNECT", b"GET")[index])
        with connected(small) as sock:
            assert b"SlowDown" in read_all(sock)
        for sock in waiting:
            sock.close()


def test_client_that_distrusts_the_authority_is_named_in_the_log(server: MockServer) -> None:
    """The log of the mock says what the client has to trust."""
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context(cafile=None).wrap_socket(connected(server), server_hostname="localhost")
    deadline = time.monotonic() + 5
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "does not trust the mock's certificate authority" in server.requests[-1].reason


def test_restart_keeps_the_authority(tmp_path: Path) -> None:
    """A client need not read the file again."""
    with MockServer(SETTINGS, tls=True, data=tmp_path) as server:
        trusted = trusting(server)
        server.restart()
        with trusted.wrap_socket(connected(server), server_hostname="localhost") as sock:
            assert answer_on(sock, get("localhost"))[0] == 200


# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("tls-expired", "certificate has expired"),
        ("tls-wrong-name", "Hostname mismatch"),
        ("tls-unknown-authority", "unable to get local issuer certificate"),
        ("tls-handshake-cut", "EOF occurred"),
    ],
)
def test_fault_of_tls_makes_clients_fail(fault: str, reason: str) -> None:
    """Each for its own reason; plain HTTP is not affected."""
    with MockServer(MockSettings(activated=(Feature.MEDIA,), faults=(fault,)), tls=True) as faulty:
        assert reason in refusal_of_client(faulty, BUCKET_HOST)
        assert send_raw(faulty, get("x"))[0] == 200


def test_slow_handshake_begins_late() -> None:
    """A client with a shorter timeout gives up; a patient one is served."""
    tls = TlsSettings(enabled=True, handshake=Handshake.SLOW, handshake_delay=0.5)
    with MockServer(MockSettings(activated=(Feature.MEDIA,), tls=tls)) as slow:
        began = time.monotonic()
        with encrypted(slow, BUCKET_HOST) as sock:
            assert time.monotonic() - began > 0.45
            assert answer_on(sock, get(BUCKET_HOST))[0] == 200
        sock = connected(slow)
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            trusting(slow).wrap_socket(sock, server_hostname=BUCKET_HOST)


def test_settings_of_tls_need_tls(tmp_path: Path) -> None:
    """A fault or a file that could have no effect is refused."""
    for server in (
        MockServer(MockSettings(faults=("tls-expired",))),
        MockServer(tls_ca=tmp_path / "ca.pem"),
        MockServer(MockSettings(tls=TlsSettings(certificate=Certificate.EXPIRED))),
    ):
        with pytest.raises(SettingError, match="--tls"):
            server.start()
    with MockServer() as plain, pytest.raises(RuntimeError, match="has no TLS"):
        _ = plain.ca_file
