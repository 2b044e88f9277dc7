"""Object stores: the contract against a real server, and what an object store does in ways of its own."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    ConfigError,
    DatedCacheManager,
    MissingExtraError,
    SaveError,
    metric,
    read_storage,
    storage_from_config,
    storage_to_config,
    write_storage,
)
from simple_metrics_manager.errors import NotExclusiveError, UnreachableError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import ConditionalStore, Store
from simple_metrics_manager.stores.file_names import from_file_name
from simple_metrics_manager.stores.object_client import CONCURRENT
from simple_metrics_manager.stores.object_trouble import trouble
from simple_metrics_manager.stores.objects import Objects
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.testing import ConditionalStoreContract, StorageContract
from tests.stores.object_server import BUCKET, CREDENTIALS, GUEST, Careless, Fault, Proxy, Server, serving, weed

pytest.importorskip("obstore")
__all__ = ["weed"]

MIB = 1 << 20
ENVIRONMENT = {f"AWS_{name.upper()}": value for name, value in CREDENTIALS.items()}


class OnServer:
    """Classes of tests on a real server; whoever unpickles something has credentials in the environment."""

    server: ClassVar[Server]

    @pytest.fixture(autouse=True)
    def _on(self, weed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        type(self).server = weed
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)


class TestContract(OnServer, ConditionalStoreContract):
    """All promises of a store."""

    pickles = True
    tags_tell_equal_blobs = False
    large = 20 * MIB
    rounds = 5
    steps = 60

    def make_store(self) -> ConditionalStore:
        return self.server.place()

    def reopen(self, store: Store) -> ConditionalStore:
        assert isinstance(store, Objects)
        return Objects(store.url, ".bin", options=store.options)

    def read_aside(self, store: Store, where: str) -> bytes:
        assert isinstance(store, Objects)
        name = from_file_name(where.rpartition("/")[2].removesuffix(".damaged"))
        assert name is not None
        return bytes(self.server.place(store.url, ".damaged").read(name))


class TestStorageContract(OnServer, StorageContract):
    """All promises of a storage."""

    pickles = True
    rounds = 5

    def make_storage(self) -> ObjectStorageInterface:
        return self.server.storage()

    def reopen(self, storage: Storage) -> ObjectStorageInterface:
        assert isinstance(storage, ObjectStorageInterface)
        return ObjectStorageInterface(storage.url, options=storage.options)


# ---------------------------------------------------------------------------------------------------- as a value


def test_is_a_value() -> None:
    """Store and storage are their configuration: equal, hashable, without the slash at the end of the URL."""
    one, other = Objects("s3://b/p/", ".npz"), Objects("s3://b/p", ".npz")
    storage = ObjectStorageInterface("s3://b/p/", options={"region": "eu-west-1"})

    assert one == other
    assert hash(one) == hash(other)
    assert one != Objects("s3://b/p", ".npz", options={"region": "eu-west-1"})
    assert storage == ObjectStorageInterface("s3://b/p", options={"region": "eu-west-1"})
    assert len({storage, ObjectStorageInterface("s3://b/p"), ObjectStorageInterface("s3://b/q")}) == 3


@pytest.mark.parametrize("kind", [Objects, ObjectStorageInterface])
def test_credentials_stay_here(kind: type[Objects | ObjectStorageInterface]) -> None:
    """Credentials are neither printed nor pickled, and no part of what is compared; without them it is the same."""
    if kind is Objects:
        given: Objects | ObjectStorageInterface = Objects("s3://b", ".npz", credentials=CREDENTIALS)
        bare: Objects | ObjectStorageInterface = Objects("s3://b", ".npz")
    else:
        given, bare = ObjectStorageInterface("s3://b", credentials=CREDENTIALS), ObjectStorageInterface("s3://b")
    pickled = pickle.dumps(given)
    again = pickle.loads(pickled)

    assert given == bare == again
    assert dict(given.credentials.given) == CREDENTIALS
    assert dict(again.credentials.given) == {}
    for secret in CREDENTIALS.values():
        assert secret not in repr(given) + repr(given.credentials) + str(given)
        assert secret.encode() not in pickled


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("bucket/prefix", "for a directory use NpzStorageInterface"),
        ("file:///tmp/x", "for a directory use NpzStorageInterface"),
        ("ftp://bucket", "is no URL of an object store"),
        ("s3:///prefix", "names no bucket"),
        ("s3://key:secret@bucket/p", "give credentials in the environment"),
        ("s3://key@bucket/p", "give credentials in the environment"),
        ("https://account.blob.core.windows.net/c?sig=secret", "give credentials in the environment"),
    ],
)
def test_wrong_urls(url: str, problem: str) -> None:
    """A URL that names no bucket, or holds a secret, is refused at once, and the secret is not repeated."""
    with pytest.raises(ValueError, match=problem) as caught:
        Objects(url, ".npz")

    assert "secret" not in str(caught.value)


SECRETS = """
secret_access_key aws_access_key_id AWS_SESSION_TOKEN token account_key azure_storage_account_key sas_token
client_secret google_service_account_key sse_customer_key_base64 bearer_token fabric_session_token
"""


@pytest.mark.parametrize("option", SECRETS.split())
def test_secret_options(option: str) -> None:
    """An option that is a secret is refused by name, with the way out."""
    with pytest.raises(ValueError, match=f"option '{option}' is a secret.*credentials=") as caught:
        ObjectStorageInterface("s3://b", options={option: "xyz"})

    assert "xyz" not in str(caught.value)


@pytest.mark.parametrize(
    "option", ["endpoint", "region", "web_identity_token_file", "sse_kms_key_id", "timeout", "proxy_url"]
)
def test_plain_options(option: str) -> None:
    """Other options are plain, and kept."""
    assert ObjectStorageInterface("s3://b", options={option: "xyz"}).options == {option: "xyz"}


def test_passwords_within_options() -> None:
    """A password within the address of a proxy is one, too."""
    with pytest.raises(ValueError, match="option 'proxy_url' holds a password"):
        ObjectStorageInterface("s3://b", options={"proxy_url": "http://me:secret@proxy:1"})


def test_unknown_options() -> None:
    """An option that obstore does not know is a mistake in the configuration, named when the store is first used."""
    for option in ("colour", "timeout"):
        with pytest.raises(ConfigError, match=f"s3://b: .*({option}|blue)"):
            Objects("s3://b", ".npz", options={option: "blue"}).exists("a")


def test_addresses_of_other_servers() -> None:
    """An https address of no known provider is no object store; the error says how it is written."""
    with pytest.raises(ConfigError, match=r"options=\{'endpoint': "):
        Objects("https://localhost/x", ".npz").exists("a")


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without obstore a storage can be described, and using it says what to install."""
    storage = ObjectStorageInterface("s3://not-used-before")
    monkeypatch.setitem(sys.modules, "obstore", None)

    with pytest.raises(MissingExtraError, match=r"simple-metrics-manager\[object\]"):
        storage.exists("a")


# ------------------------------------------------------------------------------------------------- configuration


def test_configuration(tmp_path: Path) -> None:
    """A storage goes to plain data and files and back, all but its credentials."""
    storage = ObjectStorageInterface(
        "s3://b/p", options={"region": "eu-west-1"}, credentials=CREDENTIALS, retries=3, compress=True
    )
    config = storage_to_config(storage)
    write_storage(storage, tmp_path / "storage.json")

    assert config == {
        "kind": "object",
        "url": "s3://b/p",
        "options": {"region": "eu-west-1"},
        "retries": 3,
        "compress": True,
    }
    assert storage_from_config(json.loads(json.dumps(config))) == storage
    assert read_storage(tmp_path / "storage.json") == storage
    assert storage_to_config(ObjectStorageInterface("gs://b")) == {"kind": "object", "url": "gs://b"}


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"url": "x"}, r"'x' is no URL"),
        ({"credentials": CREDENTIALS}, r"extra fields found.* @ storage.credentials"),
        ({"options": {"region": 1}}, r"expected str, got 1 @ storage.options\['region'\]"),
        ({"options": {"secret_access_key": "x"}}, r"'secret_access_key' is a secret"),
        ({"retries": -1}, r"'retries' must be >= 0"),
    ],
)
def test_wrong_configurations(wrong: dict[str, object], problem: str) -> None:
    """What is wrong in a configuration is told, credentials in it included."""
    with pytest.raises(ConfigError, match=problem):
        storage_from_config({"kind": "object", "url": "s3://b", **wrong})


# ------------------------------------------------------------------------------------------------------- one place


def test_keys(weed: Server) -> None:
    """Objects are called like the files of a directory, below the prefix; nothing else there is listed."""
    store = weed.place()
    store.write("a/b", [b"1"])
    weed.place(store.url, ".txt").write("c", [b"22"])
    weed.place(f"{store.url}/below").write("d", [b"3"])
    aside = store.set_aside("a/b")
    store.write("a/b", [b"4"])

    assert store.describe("a/b") == f"{store.url}/a%2Fb.bin"
    assert aside == f"{store.url}/a%2Fb.bin.1.damaged"
    assert list(store.names()) == ["a/b"]
    assert [(each.name, each.bytes) for each in store.listing()] == [("a/b", 1)]
    assert store.set_aside("a/b") == f"{store.url}/a%2Fb.bin.2.damaged"


@pytest.mark.parametrize("lazy", [False, True])
def test_large_objects_travel_in_parts(weed: Server, lazy: bool) -> None:
    """64 MiB go to the server and come back in parts, and are the same; what is small takes one request."""
    proxy = Proxy(weed)
    pieces = [np.random.default_rng(number).bytes(11 * MIB) for number in range(6)]
    with serving(proxy.handler()) as port:
        store = Server(port).place()
        size = store.write("large", iter(pieces) if lazy else pieces)
        found = store.read("large")
        store.write("small", [b"1", b"2"])
        small = bytes(store.read("small"))

    assert (size, len(found), found.readonly) == (66 * MIB, 66 * MIB, True)
    assert found == b"".join(pieces)
    assert small == b"12"
    assert proxy.count("partNumber=") == (5 if lazy else 9)
    assert proxy.count("bytes=") == 9
    assert proxy.count("small.bin") == 2


def test_what_comes_lazily_is_not_gathered(weed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many pieces that are made one by one, only those of the parts that travel are in memory."""
    monkeypatch.setattr("simple_metrics_manager.stores.object_parts._UNKNOWN_PART", 5 * MIB)
    made: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    def pieces() -> Iterator[Buffer]:
        nonlocal most
        for number in range(30):
            piece = np.full(5 * MIB, number, np.uint8)
            made.append(weakref.ref(piece))
            most = max(most, sum(each() is not None for each in made))
            yield piece.data

    store = weed.place()

    assert store.write("huge", pieces()) == 150 * MIB
    assert most <= 5 + 2 * CONCURRENT
    assert store.read("huge")[MIB :: 5 * MIB] == bytes(range(30))


def test_the_end_alone(weed: Server) -> None:
    """The record of a large metric is fetched without the metric: two requests, one of them for the end."""
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        storage = Server(port).storage()
        storage.save("large", np.arange(5 * MIB, dtype=np.int64))
        storage.save("small", np.arange(5))
        proxy.requests.clear()
        records = storage.read_record("large"), storage.read_record("small")

    assert [record is not None and record.name for record in records] == ["large", "small"]
    assert proxy.count("large.npz") == 2
    assert proxy.count("bytes=") == 1
    assert proxy.count("small.npz") == 1


def test_missing_bucket(weed: Server) -> None:
    """A bucket that is not there is not taken for one in which the metric is missing."""
    for attempt in (Objects.exists, Objects.read, Objects.delete, Objects.tag):
        with pytest.raises(UnreachableError, match=r"s3://no-such-bucket/p/a.bin .* there is no such bucket"):
            attempt(weed.place("s3://no-such-bucket/p"), "a")
    with pytest.raises(UnreachableError, match=r"s3://no-such-bucket/p .* there is no such bucket"):
        weed.place("s3://no-such-bucket/p").names()


def test_denied(weed: Server) -> None:
    """Wrong credentials, and those that may not write, are told with the way out; what is stored stands."""
    owner = weed.place()
    owner.write("a", [b"1"])
    wrong = Objects(owner.url, ".bin", options=weed.options, credentials=CREDENTIALS | {"secret_access_key": "guess"})
    guest = Objects(owner.url, ".bin", options=weed.options, credentials=GUEST)

    with pytest.raises(UnreachableError, match=r"access is denied.*SignatureDoesNotMatch.*AWS_SECRET_ACCESS_KEY"):
        wrong.read("a")
    with pytest.raises(UnreachableError, match="access is denied"):
        wrong.exists("b")
    with pytest.raises(SaveError, match=r"'a' was not saved to s3:.*access is denied.*credentials="):
        guest.write("a", [b"2"])
    assert bytes(guest.read("a")) == b"1"


def test_credentials_that_are_asked_for(weed: Server) -> None:
    """Credentials may come from a function, as those of ``obstore.auth`` do."""
    asked: list[str] = []

    def provider() -> dict[str, object]:
        asked.append("")
        return {**CREDENTIALS, "token": None, "expires_at": None}

    store = Objects(f"s3://{BUCKET}/provided", ".bin", options=weed.options, credentials=provider)
    store.write("a", [b"1"])

    assert bytes(store.read("a")) == b"1"
    assert asked != []


# ------------------------------------------------------------------------------------------------------ conditions


def test_a_server_that_ignores_conditions(caplog: pytest.LogCaptureFixture) -> None:
    """It is found out before anybody relies on it, told once, and nothing of the trial stays; saving goes on."""
    server = Careless()
    with serving(server.handler()) as port, caplog.at_level(logging.WARNING, "simple_metrics_manager"):
        store, other = Server(port).place("s3://bucket/p"), Server(port).place("s3://bucket/p", ".txt")
        store.write("a", [b"1"])
        assert not store.conditional
        with pytest.raises(NotExclusiveError, match="s3://bucket/p ignores conditions"):
            store.create("b", [b"2"])
        with pytest.raises(NotExclusiveError, match="s3://bucket/p ignores conditions"):
            other.replace("a", [b"2"], str(store.tag("a")))
        store.move("a", "c")
        with pytest.raises(FileExistsError):
            store.move("c", "c")
        listed = [(each.name, each.bytes) for each in store.listing()]

    assert listed == [("c", 1)]
    assert [path for path in server.objects if "probe" in path] == []
    assert [record.message.partition(" ignores")[0] for record in caplog.records] == ["s3://bucket/p"]


def test_a_server_that_enforces_conditions(weed: Server) -> None:
    """It is tried out once in a process for each place, however many ask, and no object of the trial stays."""
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        store = Server(port).place()
        assert store.conditional
        tried = len(proxy.requests)
        assert Server(port).place(store.url, ".txt").conditional
        assert store.create("a", [b"1"])

    assert proxy.count("/.probe-") == tried
    assert len(proxy.requests) == tried + 1
    assert [each.name for each in weed.place(store.url, "").listing()] == ["a.bin"]


def test_a_server_that_knows_no_conditions(weed: Server) -> None:
    """A server that says that it does not implement them does not enforce them either."""
    proxy = Proxy(weed)
    proxy.faults.append(Fault("501", "PUT", 100, part=".probe-"))
    with serving(proxy.handler()) as port:
        assert not Server(port).place().conditional


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            'GET https://a.net/c/k?sig=secret - HTTP error: kind: Connect, error: "no such host"',
            "no connection: no such",
        ),
        ("Error performing PUT http://169.254.169.254/latest/api/token - denied", "no credentials were found"),
        (
            "Generic MicrosoftAzure error: something at https://a.net/c/k?sig=secret\nDebug",
            "something at https://a.net/c/k",
        ),
        ("status code: 404 Not Found: <Error><Code>ContainerNotFound</Code></Error>", "no such bucket or container"),
        ("status code: 400 Bad Request: <Code>InvalidArgument</Code>", "the server answered 400 Bad Request (Inval"),
    ],
)
def test_causes(text: str, cause: str) -> None:
    """What obstore says at length is told in a few words, without what a signed URL holds."""
    said = trouble(Exception(text))

    assert cause in said.cause
    assert "secret" not in said.cause
    assert not said.again or "no connection" in cause


def test_huge_values_under_a_condition(weed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large for one request is not written under a condition, and the error says so."""
    monkeypatch.setattr("simple_metrics_manager.stores.objects._MOST_AT_ONCE", 10)
    store = weed.place()

    with pytest.raises(SaveError, match="11 bytes are more than an object store takes under a condition"):
        store.create("a", [b"x" * 11])
    assert store.create("a", [b"x" * 10])
    assert not store.exists("b")


def test_in_memory() -> None:
    """``memory:///name`` is a place that lives as long as the process, shared by all who name it."""
    storage = ObjectStorageInterface("memory:///test-in-memory")
    storage.save("a", [1, 2])

    assert ObjectStorageInterface("memory:///test-in-memory").load("a") == [1, 2]
    assert list(ObjectStorageInterface("memory:///another").names()) == []
    assert Objects("memory:///test-in-memory", ".npz").create("a", [b""]) is False


# ------------------------------------------------------------------------------------------------------- processes


def run(source: str, *arguments: str) -> str:
    """What a new Python process prints that has credentials in its environment."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(source), *arguments]
    environment = os.environ | ENVIRONMENT
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


class Counted(DatedCacheManager):
    """A manager that counts its computations."""

    verbose = False
    runs = 0

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        Counted.runs += 1
        return np.linspace(0, 1, 1000)


# EVIDENCE-OF: P11
def test_computed_once_for_all_processes(weed: Server) -> None:
    """What one process computed another one reads, by a storage that was pickled, with credentials of its own."""
    storage = weed.storage()
    source = """
    import pickle, sys
    import numpy as np
    from numpy.typing import NDArray
    from simple_metrics_manager import DatedCacheManager, metric

    class Counted(DatedCacheManager):
        verbose = False
        on_stale = {"unknown": "use"}  # a program that is an argument has no source

        @metric
        def spectrum(self) -> NDArray[np.float64]:
            raise AssertionError("computed again")

    Counted.__module__ = "tests.stores.test_objects"
    cm = Counted(pickle.loads(bytes.fromhex(sys.argv[1])))
    print(cm.spectrum.sum(), cm.date(Counted.spectrum).isoformat())
    """
    Counted.runs = 0
    cm = Counted(storage)
    total = cm.spectrum.sum()

    assert run(source, pickle.dumps(storage).hex()).split() == [str(total), cm.date(Counted.spectrum).isoformat()]
    assert Counted(weed.storage(storage.url)).spectrum.sum() == total
    assert Counted.runs == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(("before", "outcome"), [(True, "ForkedError"), (False, "b'1'")])
# EVIDENCE-OF: P11
def test_fork(weed: Server, before: bool, outcome: str) -> None:
    """A child that was forked after its parent had used an object store is told so, and does not wait for ever."""
    store = weed.place()
    store.write("a", [b"1"])
    source = """
    import os, pickle, sys, warnings
    from simple_metrics_manager.errors import ForkedError

    warnings.simplefilter("ignore")  # of threads that fork, from Python 3.12 on
    store = pickle.loads(bytes.fromhex(sys.argv[1]))
    if sys.argv[2] == "True":
        store.read("a")
    if os.fork() == 0:
        try:
            print(bytes(store.read("a")), flush=True)
        except ForkedError as error:
            print(type(error).__name__, "spawn" in str(error), flush=True)
        os._exit(0)
    os.wait()
    """

    assert run(source, pickle.dumps(store).hex(), str(before)).split()[0] == outcome
