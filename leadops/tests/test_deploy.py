"""Files for real hosts are what their readers take, and run what the house runs: no program, address or name of its own."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from leadops.platform import single
from leadops.platform.children import house

DEPLOY = Path(settings.BASE_DIR) / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("leadops*"))
PORTS = {"web": 8000, "live": 8001}


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # systemd's names have capitals
    read.read(DEPLOY / "systemd" / name)
    return read


def test_each_unit_runs_exactly_what_the_parent_runs(monkeypatch: pytest.MonkeyPatch):
    """With the port and the workers of the environment file: no unit names one of its own."""
    monkeypatch.setenv("PORT", "9100")
    monkeypatch.setenv("WEB_WORKERS", "3")
    ran: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execvpe", lambda _file, command, variables: ran.append((command, variables)))
    children = {child.name: child for child in house(9100, 3)}
    for name, child in children.items():
        file = f"leadops-{name.replace('cluster-', 'cluster@')}.service"
        found = unit("leadops-cluster@.service" if name.startswith("cluster-") else file)["Service"]
        _python, _m, module, *told = shlex.split(found["ExecStart"].replace("%i", name[8:]))
        assert module == single.__name__
        single.main(told)
        command, variables = ran.pop()
        assert command == child.command and child.variables.items() <= variables.items()
    assert "9100" in " ".join(children["web"].command) and "9101" in " ".join(children["live"].command)
    for file in UNITS:
        if file.name.startswith("leadops-backup"):
            continue
        found = unit(file.name)["Service"]
        assert (found["KillMode"], found["TimeoutStopSec"]) == ("mixed", "75"), file.name
    assert "manage.py backup" in unit("leadops-backup.service")["Service"]["ExecStart"]


def test_a_process_alone_names_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert single.main(["wep"]) == 1 and "web, live, ticker, cluster-now, cluster-long" in capsys.readouterr().err
    monkeypatch.setenv("PORT", "80a")
    assert single.main(["web"]) == 1 and "PORT='80a'" in capsys.readouterr().err
    monkeypatch.delenv("PORT")
    monkeypatch.setenv("BACKUP_DIR", "/proc/x")
    assert single.main(["ticker"]) == 1 and "BACKUP_DIR='/proc/x'" in capsys.readouterr().err


def test_systemd_takes_the_units(tmp_path):
    """Verified where systemd is, on copies that name programs of this machine; elsewhere the test above has read them."""
    program = shutil.which("systemd-analyze")
    python = shutil.which("python3") or "/usr/bin/python3"
    for file in UNITS:
        text = file.read_text().replace("/opt/leadops/.venv/bin/python", python)
        text = text.replace("=/opt/leadops", f"={tmp_path}").replace("/etc/leadops/leadops.env", str(tmp_path / "env"))
        (tmp_path / file.name).write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    (tmp_path / "env").touch()
    assert len(UNITS) == 7
    if program:
        names = [str(tmp_path / file.name.replace("@", "@now")) for file in UNITS]
        (tmp_path / "leadops-cluster@now.service").write_text((tmp_path / "leadops-cluster@.service").read_text())
        done = subprocess.run([program, "verify", "--man=no", *names], capture_output=True, text=True, check=False)
        ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "leadops" in line]
        assert not ours, done.stderr


def test_compose_names_what_is_there():
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    services, docker = compose["services"], (DEPLOY / "Dockerfile").read_text()
    assert services["proxy"]["network_mode"] == "service:leadops" and services["leadops"]["stop_grace_period"] == "75s"
    assert services["backup"]["command"][:3] == ["python", "manage.py", "backup"]
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert {name for name in mounted if not name.startswith("./")} == set(compose["volumes"])
    assert all((DEPLOY / name).exists() for name in mounted if name.startswith("./"))
    (server,) = re.findall(r"postgres:(\d+)", services["db"]["image"])
    assert f"postgresql-client-{server}" in docker, "pg_dump is of the server's own major"
    assert '"leadops.platform.parent", "--serve"' in docker and "--require-hashes" in docker
    instructions = {line.split()[0] for line in docker.splitlines() if re.match(r"[A-Z]+ ", line)}
    assert instructions <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "HEALTHCHECK", "CMD"}
    assert docker.index("USER leadops") < docker.index("CMD")
    kept = [volume.split(":")[1] for volume in services["leadops"]["volumes"]]
    assert f"VOLUME {json.dumps(kept)}" in docker and services["backup"]["volumes"] == services["leadops"]["volumes"]
    assert (
        f"BACKUP_DIR={kept[1]} " in docker and f"BACKUP_DIR={kept[1]}\n" in (DEPLOY / "leadops.env.example").read_text()
    )
    assert {unit(f.name)["Service"]["ReadWritePaths"] for f in UNITS if f.suffix == ".service"} == {" -".join(kept)}


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_proxies_send_the_stream_to_live_and_all_else_to_web(name: str):
    text = re.sub(r"#.*", "", (DEPLOY / name).read_text())
    assert text.count("{") == text.count("}")
    live, rest = re.search(r"/live \{(.*?)\n\t?\s{0,4}\}", text, re.DOTALL), text.replace("/live", "")
    assert live is not None and all(f"127.0.0.1:{port}" in rest for port in PORTS.values())
    assert "8001" in live.group(1) or "leadops_live" in live.group(1)
    assert "52" in text, "an import may be as large as the importer takes"
    program = shutil.which({"Caddyfile": "caddy", "nginx.conf": "nginx"}[name])
    if program and name == "Caddyfile":
        subprocess.run([program, "validate", "--adapter", "caddyfile", "--config", DEPLOY / name], check=True)


def test_every_name_of_the_environment_is_explained():
    pages = (Path(settings.BASE_DIR) / "docs" / "operations.md").read_text()
    names = re.findall(r"^([A-Z_]+)=", (DEPLOY / "leadops.env.example").read_text(), re.MULTILINE)
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]["leadops"]["environment"]
    assert len(names) > 15 and [name for name in {*names, *compose} if f"`{name}`" not in pages] == []


def test_a_command_gets_the_settings_as_systemd_reads_them(tmp_path):
    file = tmp_path / "env"
    file.write_text(
        "# SECRET_KEY=old\n\nMAIL_FOOTER=Example SAS, 1 rue de la Paix; $HOME `id`\nEMPTY=\nLEADOPS_ZONE=Europe/Paris"
    )
    told = subprocess.run([DEPLOY / "with-settings", file, "env"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})  # fmt: skip
    found = dict(line.split("=", 1) for line in told.stdout.splitlines())
    assert found["MAIL_FOOTER"] == "Example SAS, 1 rue de la Paix; $HOME `id`"
    assert (found["EMPTY"], found["LEADOPS_ZONE"], "SECRET_KEY" in found) == ("", "Europe/Paris", False)
    missing = subprocess.run([DEPLOY / "with-settings", tmp_path / "gone", "env"], capture_output=True, check=False)
    assert missing.returncode and not missing.stdout and b"gone is not there" in missing.stderr
    for few in ([], [file]):
        told = subprocess.run([DEPLOY / "with-settings", *few], capture_output=True, text=True, check=False)
        assert told.returncode == 2 and told.stderr.startswith("deploy/with-settings FILE COMMAND")
