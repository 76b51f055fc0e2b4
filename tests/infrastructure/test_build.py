"""`sam build` makes what Lambda can run: complete, compiled, for the right processor, and no bigger than it must be."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed

# docs/benchmarks.md, P11: MB of a million bytes, .pyc included.
MAX_ZIPPED, MAX_UNZIPPED = 13.5e6, 39e6

# docs/benchmarks.md, P2, and what the runtime has itself.
UNWANTED = ["boto3", "botocore", "s3transfer", "dateutil", "twilio", "telnyx", "httpx", "phonenumbers/geodata", "typer"]

UNCHECKED_HASH = b"\x01\x00\x00\x00"
"""The flags of a .pyc that is used without a look at its source (PEP 552)."""


def pins(requirements: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[\w,]+\])?==([^ ;\\]+)", requirements.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dependency layer, built for the other processor."""
    return sam.build_layer("DependenciesLayer", tmp_path_factory.mktemp("arm64"), Architecture="arm64")


def test_there_is_a_folder_for_every_function_and_layer(built: Path, prod: Deployed) -> None:
    functions = set(prod.of_type("AWS::Lambda::Function"))
    assert {folder.name for folder in built.iterdir() if folder.is_dir()} == functions | {
        "DependenciesLayer",
        "SharedLayer",
    }
    assert [name for name in functions if not (built / name / "handler.py").is_file()] == []


def test_layers_are_compiled_for_good(built: Path) -> None:
    for layer in ("DependenciesLayer", "SharedLayer"):
        sources = list((built / layer).rglob("*.py"))
        assert sources
        for source in sources:
            compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
            assert compiled.read_bytes()[4:8] == UNCHECKED_HASH, source


def test_no_path_of_this_machine_is_in_the_layers(built: Path) -> None:
    # or else every machine would build, and every release publish, another layer
    here = str(sam.ROOT).encode()
    for layer in ("DependenciesLayer", "SharedLayer"):
        holders = [path for path in (built / layer).rglob("*") if path.is_file() and here in path.read_bytes()]
        assert holders == []


def test_the_dependency_layer_is_small(built: Path, tmp_path: Path) -> None:
    # given the layer as `sam deploy` would pack it
    layer = built / "DependenciesLayer"
    files = [path for path in layer.rglob("*") if path.is_file()]
    archive = tmp_path / "layer.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(layer))
    # when it is weighed
    zipped, unzipped = archive.stat().st_size, sum(path.stat().st_size for path in files)
    print(f"P11 dependency layer: {zipped / 1e6:.2f} MB zipped, {unzipped / 1e6:.2f} MB unzipped")
    # then it keeps to its goal
    assert zipped <= MAX_ZIPPED
    assert unzipped <= MAX_UNZIPPED


@pytest.mark.parametrize("name", UNWANTED)
def test_the_dependency_layer_leaves_out(built: Path, name: str) -> None:
    assert not (built / "DependenciesLayer" / "python" / name).exists()


def test_the_layer_holds_the_versions_that_were_tested() -> None:
    tested = pins(sam.ROOT / "requirements" / "dev.txt")
    shipped = pins(sam.ROOT / "layers" / "dependencies" / "requirements.txt")
    assert {"pydantic", "pynamodb", "requests"} <= set(shipped)
    assert shipped == {name: tested[name] for name in shipped}


def test_layers_and_runtime_are_all_that_our_code_imports(built: Path, tmp_path: Path) -> None:
    # given an interpreter that has the layers and what Lambda's runtime brings along, and nothing else
    dependencies, shared = (built / layer / "python" for layer in ("DependenciesLayer", "SharedLayer"))
    runtime = sam.lambda_packages(tmp_path / "runtime")
    script = f"""
import importlib, pkgutil, sys
sys.path[:0] = {[str(dependencies), str(shared), str(runtime)]!r}
import telephony
for module in pkgutil.walk_packages(telephony.__path__, "telephony."):
    importlib.import_module(module.name)
import jwt, cryptography.hazmat.primitives.asymmetric.ed25519, phonenumbers, botocore.session, boto3
origins = {{name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}}
print(sum(name.startswith("telephony.") for name in origins))
print(*{{name.split(".")[0] for name, origin in origins.items() if origin.startswith({str(runtime)!r})}})
"""
    # when every module of ours is imported, and what it may import later
    isolated = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script]
    done = subprocess.run(isolated, capture_output=True, text=True, check=False)
    # then all is found, and of the runtime's packages only the AWS SDK's own are used
    assert done.returncode == 0, done.stderr
    count, used = done.stdout.splitlines()
    assert int(count) >= 10
    assert set(used.split()) <= {"boto3", "botocore", "s3transfer", "dateutil", "six"}


def test_the_admin_command_stays_at_home(built: Path) -> None:
    assert not (built / "SharedLayer" / "python" / "telephony" / "admin").exists()


def machines(layer: Path) -> set[int]:
    """The processors (ELF e_machine) that the compiled modules of a layer are for."""
    return {int.from_bytes(path.read_bytes()[18:20], "little") for path in layer.rglob("*.so")}


def test_the_architecture_parameter_reaches_the_layer(built: Path, arm64: Path) -> None:
    x86_64_machine, aarch64_machine = 62, 183
    assert machines(built / "DependenciesLayer") == {x86_64_machine}
    assert machines(arm64) == {aarch64_machine}


def test_the_same_sources_make_the_same_layer(tmp_path: Path) -> None:
    # given one state of the sources
    source = tmp_path / "shared"
    shutil.copytree(sam.ROOT / "shared", source)
    # when they are built twice, in different places
    for target in ("one", "two"):
        done = make("build-SharedLayer", source, source / "Makefile", tmp_path / target)
        assert done.returncode == 0, done.stderr
    # then `sam deploy` has nothing to upload
    assert contents(tmp_path / "one")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_wheel_that_is_not_the_pinned_one_stops_the_build(tmp_path: Path) -> None:
    # given a lock whose hashes fit no wheel
    folder = tmp_path / "dependencies"
    shutil.copytree(sam.ROOT / "layers" / "dependencies", folder)
    lock = folder / "requirements.txt"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text()))
    # when the layer is built
    done = make("build-DependenciesLayer", folder / "x86_64", folder / "Makefile", tmp_path / "out")
    # then it fails, and says why
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()


def make(target: str, folder: Path, makefile: Path, artifacts: Path) -> subprocess.CompletedProcess[str]:
    """Runs a layer's Makefile as `sam build` does."""
    command = ["make", "--makefile", str(makefile), target, f"ARTIFACTS_DIR={artifacts}"]
    return subprocess.run(command, cwd=folder, env=sam.environment(), capture_output=True, text=True, check=False)
