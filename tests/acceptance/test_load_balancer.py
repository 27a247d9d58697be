"""A load balancer from outside: made with boto3, tried with real requests to real servers."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.acceptance.application import wait_for, wait_until
from tests.acceptance.balancing import Scene, Until, fixed, path
from tests.acceptance.conftest import Installation
from tests.acceptance.targets import Answer, Load, ask, load

from demitasse import daemon
from demitasse.accounts import identity
from demitasse.ids import RandomIds

pytestmark = pytest.mark.docker

SOME = 200  # answers


@pytest.fixture(scope="module")
def stage(platform: Installation, until: Until) -> Iterator[Scene]:
    """One load balancer for all tests; each uses listeners and groups of its own."""
    elb, ec2 = platform.client("elbv2"), platform.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    group = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=9000, CidrIp="0.0.0.0/0"
    )
    gateway = subprocess.check_output(
        ["docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"],
        text=True,
    ).strip()
    scene = Scene(
        platform, until, elb, ec2, vpc, sorted(each["SubnetId"] for each in subnets)[:3],
        group, gateway or "172.17.0.1",
    )  # fmt: skip
    made = elb.create_load_balancer(Name="front", Subnets=scene.subnets, SecurityGroups=[group])
    scene.arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    scene.address = made["LoadBalancers"][0]["DNSName"]
    waiter = elb.get_waiter("load_balancer_available")
    waiter.wait(LoadBalancerArns=[scene.arn], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    yield scene
    elb.delete_load_balancer(LoadBalancerArn=scene.arn)
    waiter = elb.get_waiter("load_balancers_deleted")
    waiter.wait(LoadBalancerArns=[scene.arn], WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    for target in scene.targets:
        target.stop()


def answers(seen: Load, more: int = SOME) -> None:
    """Wait until so many further requests were answered."""
    wanted = len(seen.moments) + more
    wait_until(lambda: len(seen.moments) >= wanted, f"{more} further requests are answered")


def test_requests_go_by_path_and_the_rest_to_the_default(stage: Scene) -> None:
    customer, employee = (
        stage.group(stage.target("customer")),
        stage.group(stage.target("employee")),
    )
    listener, port = stage.listener(customer)
    stage.rule(listener, 10, path("/admin/*"), employee)
    stage.healthy(employee)
    assert ask(stage.address, port, "/suppliers").json["name"] == "customer"
    assert ask(stage.address, port, "/admin/suppliers").json["name"] == "employee"
    assert ask(stage.address, port, "/admin").json["name"] == "customer"


def test_each_kind_of_condition(stage: Scene) -> None:
    listener, port = stage.listener(fixed(404))
    conditions = [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
        {
            "Field": "http-header",
            "HttpHeaderConfig": {"HttpHeaderName": "X-Team", "Values": ["blue*"]},
        },
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["DELETE"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2?"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.9/32"]}},
        *path("/exact"),
    ]
    for priority, condition in enumerate(conditions, 1):
        stage.rule(listener, priority, [condition], fixed(200, condition["Field"]))

    def said(target: str = "/", **more: Any) -> str:
        answer = ask(stage.address, port, target, **more)
        return answer.body.decode() if answer.status == 200 else str(answer.status)

    stage.until(lambda: said("/exact") == "path-pattern", seconds=5)
    assert said() == "404"
    assert said(Host="a.EXAMPLE.com:8100") == "host-header"
    assert said(X_Team="BLUE-1") == "http-header"
    assert said(X_Team="green") == "404"
    assert said(method="DELETE") == "http-request-method"
    assert said("/?a=b&V=2x") == "query-string"
    assert said("/?v=2") == "404"
    assert said(source="127.0.0.9") == "source-ip"
    assert said(source="127.0.0.8") == "404"
    assert said("/Exact") == "404"
    stage.elb.set_rule_priorities(
        RulePriorities=[
            {"RuleArn": rule["RuleArn"], "Priority": 10 - int(rule["Priority"])}
            for rule in stage.elb.describe_rules(ListenerArn=listener)["Rules"]
            if not rule["IsDefault"]
        ]
    )
    stage.until(lambda: said("/exact", method="DELETE") == "path-pattern", seconds=5)


def test_one_source_address_is_let_in_and_another_is_not(stage: Scene) -> None:
    customer, employee = (
        stage.group(stage.target("customer")),
        stage.group(stage.target("employee")),
    )
    listener, port = stage.listener(customer)
    conditions = [
        *path("/admin/*"),
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.1/32"]}},
    ]
    stage.rule(listener, 10, conditions, employee)
    stage.healthy(employee)

    def who(source: str | None) -> str:
        name: str = ask(stage.address, port, "/admin/suppliers", source=source).json["name"]
        return name

    assert who("127.0.0.1") == "employee"
    assert who(None) == "employee"  # a browser on this machine is 127.0.0.1 to its user
    assert who("127.0.0.2") == "customer"


def test_weights_share_the_requests(stage: Scene) -> None:
    blue, green = stage.group(stage.target("blue")), stage.group(stage.target("green"))
    listener, port = stage.listener(blue)

    def weigh(*weights: int) -> Counter[str]:
        pairs = zip((blue, green), weights, strict=True)
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in pairs]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        stage.elb.modify_listener(ListenerArn=listener, DefaultActions=[action])
        stage.healthy(green)
        named = zip(("blue", "green"), weights, strict=True)
        wait_for(lambda: set(asked(20)), {name for name, weight in named if weight})
        return asked(1000)

    def asked(times: int) -> Counter[str]:
        with ThreadPoolExecutor(8) as pool:
            return Counter(pool.map(lambda _: ask(stage.address, port).json["name"], range(times)))

    shares = weigh(80, 20)
    assert 140 <= shares["green"] <= 260  # five standard deviations
    assert weigh(0, 1) == {"green": 1000}
    assert weigh(1, 0) == {"blue": 1000}


def test_a_cookie_keeps_a_client_at_its_target(stage: Scene) -> None:
    targets = [stage.target(f"sticky-{number}") for number in range(3)]
    group = stage.group(*targets, attributes={"stickiness.enabled": "true"})
    _, port = stage.listener(group)
    first = ask(stage.address, port)
    assert "AWSALB" in first.cookies
    cookie = f"AWSALB={first.cookies['AWSALB']}"
    names = {ask(stage.address, port, Cookie=cookie).json["name"] for _ in range(20)}
    assert names == {first.json["name"]}
    assert len({ask(stage.address, port).json["name"] for _ in range(20)}) == 3


def test_a_cookie_keeps_a_client_at_its_group(stage: Scene) -> None:
    groups = [stage.group(stage.target("one")), stage.group(stage.target("two"))]
    action = {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": 1} for group in groups],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
        },
    }
    _, port = stage.listener(action)
    for group in groups:
        stage.healthy(group)
    first = ask(stage.address, port)
    cookie = f"AWSALBTG={first.cookies['AWSALBTG']}"
    names = {ask(stage.address, port, Cookie=cookie).json["name"] for _ in range(20)}
    assert names == {first.json["name"]}
    assert {ask(stage.address, port).json["name"] for _ in range(40)} == {"one", "two"}


def test_redirects_and_fixed_responses(stage: Scene) -> None:
    listener, port = stage.listener(fixed(503, "<h1>Back soon</h1>", "text/html"))
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {
            "Protocol": "HTTPS",
            "Port": "443",
            "Path": "/new/#{path}",
            "StatusCode": "HTTP_302",
        },
    }
    stage.rule(listener, 1, path("/old/*"), redirect)
    stage.until(lambda: ask(stage.address, port, "/old/a").status == 302, seconds=5)
    answer = ask(stage.address, port, "/old/a?b=c", Host="shop.example.com")
    assert answer.headers["location"] == "https://shop.example.com:443/new/old/a?b=c"
    answer = ask(stage.address, port)
    assert (answer.status, answer.body) == (503, b"<h1>Back soon</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_security_groups_let_in_and_keep_out(stage: Scene) -> None:
    _, port = stage.listener(fixed(200, "in"))
    rule = {"GroupId": stage.security_group, "IpProtocol": "tcp"}
    everybody = {**rule, "FromPort": 80, "ToPort": 9000, "CidrIp": "0.0.0.0/0"}
    one = {**rule, "FromPort": port, "ToPort": port, "CidrIp": "127.0.0.3/32"}

    def let_in(source: str | None = None) -> bool:
        try:
            return ask(stage.address, port, source=source, timeout=1).status == 200
        except OSError:
            return False

    assert let_in()
    stage.ec2.revoke_security_group_ingress(**everybody)
    try:
        stage.until(lambda: not let_in(), seconds=5)
        stage.ec2.authorize_security_group_ingress(**one)
        stage.until(lambda: let_in("127.0.0.3"), seconds=5)
        assert not let_in("127.0.0.4")
        assert not let_in()
        stage.ec2.revoke_security_group_ingress(**one)
    finally:
        stage.ec2.authorize_security_group_ingress(**everybody)
    stage.until(let_in, seconds=5)


def test_health_is_checked_and_when_none_is_healthy_all_serve(stage: Scene) -> None:
    good, bad = stage.target("good"), stage.target("bad")
    bad.healthy = 500
    group = stage.group(good, bad)
    _, port = stage.listener({"Type": "forward", "TargetGroupArn": group})
    stage.until(lambda: sorted(stage.states(group)) == ["healthy", "unhealthy"], seconds=10)
    output = stage.elb.describe_target_health(TargetGroupArn=group, Targets=[bad.id])
    health = output["TargetHealthDescriptions"][0]["TargetHealth"]
    assert health["Reason"] == "Target.ResponseCodeMismatch"
    assert health["Description"] == "Health checks failed with these codes: [500]"
    assert {ask(stage.address, port).json["name"] for _ in range(10)} == {"good"}
    good.healthy = 404
    stage.until(lambda: stage.states(group) == ["unhealthy"] * 2, seconds=10)
    assert {ask(stage.address, port).json["name"] for _ in range(20)} == {"good", "bad"}
    bad.healthy = 200
    stage.until(lambda: sorted(stage.states(group)) == ["healthy", "unhealthy"], seconds=10)
    assert {ask(stage.address, port).json["name"] for _ in range(10)} == {"bad"}


def test_a_target_that_is_not_there(stage: Scene) -> None:
    gone = stage.target("gone")
    group = stage.group(gone)
    gone.stop()
    _, port = stage.listener({"Type": "forward", "TargetGroupArn": group})
    stage.until(lambda: stage.states(group) == ["unhealthy"], seconds=10)
    output = stage.elb.describe_target_health(TargetGroupArn=group)
    health = output["TargetHealthDescriptions"][0]["TargetHealth"]
    assert health["Reason"] == "Target.FailedHealthChecks"
    assert ask(stage.address, port).status == 502


def test_targets_come_and_go_under_load_without_a_failed_request(stage: Scene) -> None:
    one, two, three = (stage.target(f"load-{number}") for number in range(3))
    group = stage.group(one, two)
    _, port = stage.listener(group)
    with load(stage.address, port, connections=16) as seen:
        for _ in range(3):
            stage.elb.register_targets(TargetGroupArn=group, Targets=[three.id])
            stage.healthy(group)
            served = three.served
            wait_until(lambda served=served: three.served > served, "the third is asked, too")
            answers(seen)
            stage.elb.deregister_targets(TargetGroupArn=group, Targets=[three.id])
            waiter = stage.elb.get_waiter("target_deregistered")
            waiter.wait(
                TargetGroupArn=group,
                Targets=[three.id],
                WaiterConfig={"Delay": 0.1, "MaxAttempts": 100},
            )
            served = three.served
            answers(seen)
            assert three.served == served
    assert seen.failures == []
    assert set(seen.statuses) == {200}
    assert set(seen.names) == {"load-0", "load-1", "load-2"}
    print(f"{seen.total} requests, none failed: {seen.names}")  # noqa: T201 - the figures


def test_a_request_in_flight_finishes_while_its_target_drains(stage: Scene) -> None:
    slow, other = stage.target("slow"), stage.target("other")
    group = stage.group(slow)
    _, port = stage.listener(group)
    with socket.create_connection((stage.address, port), timeout=10) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: lb\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 100")  # the target waits for the rest
        stage.elb.register_targets(TargetGroupArn=group, Targets=[other.id])
        stage.healthy(group)
        stage.elb.deregister_targets(TargetGroupArn=group, Targets=[slow.id])
        assert "draining" in stage.states(group)
        wait_for(lambda: {ask(stage.address, port).json["name"] for _ in range(10)}, {"other"}, 10)
        client.sendall(b"whole")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        said = json.loads(answer.read())
        assert (said["name"], said["size"]) == ("slow", 5)
    stage.until(lambda: len(stage.states(group)) == 1, seconds=5)


def test_the_load_balancers_headers(stage: Scene) -> None:
    _, port = stage.listener(stage.group(stage.target("headers")))
    headers = ask(stage.address, port, source="127.0.0.7").json["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.7"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(port)
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    said = ask(stage.address, port, source="127.0.0.7", X_Forwarded_For="203.0.113.9").json
    assert said["headers"]["x-forwarded-for"] == "203.0.113.9, 127.0.0.7"


def test_a_websocket_is_carried_through(stage: Scene) -> None:
    _, port = stage.listener(stage.group(stage.target("socket")))
    with socket.create_connection((stage.address, port), timeout=5) as client:
        client.sendall(
            b"GET /socket HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        assert head.startswith(b"HTTP/1.1 101")
        for message in (b"hello", b"again"):
            client.sendall(message)
            assert client.recv(4096) == message


def test_large_and_chunked_bodies_are_streamed_whole(stage: Scene) -> None:
    _, port = stage.listener(stage.group(stage.target("upload")))
    block = os.urandom(1 << 16)
    whole = block * 320  # 20 MiB
    for chunked in (False, True):
        body = iter([block] * 320) if chunked else whole
        said = ask(
            stage.address, port, "/upload", method="POST", body=body, chunked=chunked,
            **({"Transfer_Encoding": "chunked"} if chunked else {}),
        ).json  # fmt: skip
        assert said["size"] == len(whole)
        assert said["sha256"] == hashlib.sha256(whole).hexdigest()


def test_the_load_balancers_own_errors(stage: Scene) -> None:
    def given_up(port: int) -> Answer | None:
        try:
            return ask(stage.address, port, "/hang", timeout=3)
        except TimeoutError:  # it has its former patience still
            return None

    group = stage.group()
    _, port = stage.listener({"Type": "forward", "TargetGroupArn": group})
    answer = ask(stage.address, port)
    assert answer.status == 503
    assert b"503 Service Temporarily Unavailable" in answer.body
    stage.elb.register_targets(TargetGroupArn=group, Targets=[stage.target("errors").id])
    stage.healthy(group)
    answer = ask(stage.address, port, "/close")
    assert answer.status == 502
    assert b"502 Bad Gateway" in answer.body
    attribute = {"Key": "idle_timeout.timeout_seconds", "Value": "1"}
    stage.elb.modify_load_balancer_attributes(LoadBalancerArn=stage.arn, Attributes=[attribute])
    try:
        answer = wait_until(lambda: given_up(port), "the load balancer gives up")
        assert answer.status == 504
        assert b"504 Gateway Time-out" in answer.body
    finally:
        attribute["Value"] = "60"
        stage.elb.modify_load_balancer_attributes(LoadBalancerArn=stage.arn, Attributes=[attribute])


def test_a_container_of_the_vpc_is_a_target_and_a_client(stage: Scene) -> None:
    address = stage.address.rpartition(".")[0] + ".250"
    who = identity(stage.platform.settings.identity_file, RandomIds()).installation
    script = (
        "from http.server import *\n"
        "class H(SimpleHTTPRequestHandler):\n"
        "  def do_GET(self):\n"
        "    body = self.headers.get('X-Forwarded-For', '-').encode()\n"
        "    self.send_response(200); self.send_header('Content-Length', str(len(body)))\n"
        "    self.end_headers(); self.wfile.write(body)\n"
        "ThreadingHTTPServer(('', 8080), H).serve_forever()\n"
    )
    name = f"demitasse-{who}-target"
    subprocess.run(
        [
            *("docker", "run", "-d", "--rm", "--name", name, "--ip", address),
            *("--network", f"demitasse-{stage.vpc}", "--label", f"demitasse.installation={who}"),
            *("--label", "demitasse.kind=test", "python:3.13-slim", "python", "-c", script),
        ],
        check=True,
        capture_output=True,
    )
    try:
        group = stage.group()
        stage.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
        _, port = stage.listener(group)
        assert ask(stage.address, port, source="127.0.0.6").body == b"127.0.0.6"
        get = (
            f"import urllib.request as u; print(u.urlopen('http://{stage.address}:{port}').read())"
        )
        said = subprocess.run(
            ["docker", "exec", name, "python", "-c", get],
            capture_output=True,
            text=True,
            check=True,
        )
        assert address in said.stdout
    finally:
        subprocess.run(["docker", "kill", name], capture_output=True, check=False)


def test_an_occupied_port_is_said_and_the_rest_goes_on(stage: Scene) -> None:
    _, port = stage.listener(fixed(200, "still here"))
    taken = next(stage.ports)
    with socket.create_server((stage.address, taken)):
        made = stage.elb.create_listener(
            LoadBalancerArn=stage.arn, Protocol="HTTP", Port=taken, DefaultActions=[fixed(200)]
        )

        def state() -> dict[str, Any]:
            found = stage.elb.describe_load_balancers(LoadBalancerArns=[stage.arn])
            said: dict[str, Any] = found["LoadBalancers"][0]["State"]
            return said

        stage.until(lambda: state()["Code"] == "active_impaired", seconds=10)
        assert str(taken) in state()["Reason"]
        assert ask(stage.address, port).body == b"still here"
        _, other = stage.listener(stage.group(stage.target("after")))
        assert ask(stage.address, other).json["name"] == "after"
    stage.until(lambda: state()["Code"] == "active", seconds=20)
    assert ask(stage.address, taken).status == 200
    stage.elb.delete_listener(ListenerArn=made["Listeners"][0]["ListenerArn"])
    stage.until(lambda: not stage.listens(taken), seconds=10)


def test_a_killed_haproxy_is_back_within_two_seconds(stage: Scene) -> None:
    _, port = stage.listener(stage.group(stage.target("survivor-1"), stage.target("survivor-2")))
    name = subprocess.check_output(
        ["docker", "ps", "--filter", "name=load-balancer-front", "--format", "{{.Names}}"],
        text=True,
    ).split()
    with load(stage.address, port, connections=16) as seen:
        answers(seen)
        subprocess.run(["docker", "kill", *name], check=True, capture_output=True)
        wait_until(lambda: seen.failures, "the visitors notice")
        answers(seen)
    print(f"{seen.total} requests, {len(seen.failures)} failed, away for {seen.longest_gap:.2f} s")  # noqa: T201 - the figures
    assert seen.longest_gap < 2
    assert seen.statuses.keys() == {200}


def test_traffic_flows_while_the_platform_is_killed_and_started_again(stage: Scene) -> None:
    group = stage.group(stage.target("steady-1"), stage.target("steady-2"))
    _, port = stage.listener(group)
    settings = stage.platform.settings
    process = daemon.running(settings)
    assert process
    with load(stage.address, port, connections=8) as seen:
        answers(seen)
        os.kill(process, signal.SIGKILL)
        answers(seen, 3 * SOME)  # while nobody leads the load balancer
        daemon.start(settings)
        stage.until(lambda: stage.states(group) == ["healthy"] * 2, seconds=5)
        answers(seen)
    print(f"{seen.total} requests, {len(seen.failures)} failed")  # noqa: T201 - the figures
    assert seen.failures == []
    assert seen.statuses.keys() == {200}


def test_the_labs_commands_by_hand(stage: Scene) -> None:
    """Phases 6 and 9.1 with the ``aws`` command."""

    def aws(*argv: str) -> Any:
        said = stage.platform.aws("elbv2", *argv, "--output", "json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout) if said.stdout.strip() else None

    def make_group(name: str, *more: str) -> str:
        output = aws(
            *("create-target-group", "--name", name, "--protocol", "HTTP", "--port", "8080"),
            *("--vpc-id", stage.vpc, "--target-type", "ip", *more),
        )
        arn: str = output["TargetGroups"][0]["TargetGroupArn"]
        return arn

    as_printed = stage.platform.aws(
        *("elbv2", "create-target-group", "--name", "customer-tg-one", "--protocol", "HTTP"),
        *("--port", "8080", "--vpc-id", stage.vpc, "--health-check-path", "/"),
    )
    assert "Target type 'instance'" in as_printed.stderr
    customer = make_group("customer-tg-one")
    employee = make_group("employee-tg-one", "--health-check-path", "/admin/suppliers")
    made = aws(
        *("create-load-balancer", "--name", "microservicesLB", "--subnets", *stage.subnets[:2]),
        *("--security-groups", stage.security_group),
    )["LoadBalancers"][0]
    arn, address = made["LoadBalancerArn"], made["DNSName"]
    try:
        aws("wait", "load-balancer-exists", "--load-balancer-arns", arn)
        listener = aws(
            *("create-listener", "--load-balancer-arn", arn, "--protocol", "HTTP", "--port", "80"),
            *("--default-actions", f"Type=forward,TargetGroupArn={customer}"),
        )["Listeners"][0]["ListenerArn"]
        rule = aws(
            *("create-rule", "--listener-arn", listener, "--priority", "10"),
            *("--conditions", "Field=path-pattern,Values=/admin/*"),
            *("--actions", f"Type=forward,TargetGroupArn={employee}"),
        )["Rules"][0]["RuleArn"]
        for group, name in ((customer, "customer"), (employee, "employee")):
            target = stage.target(name)
            place = f"Id={target.host},Port={target.port},AvailabilityZone=all"
            aws("register-targets", "--target-group-arn", group, "--targets", place)
        stage.healthy(customer)
        stage.healthy(employee)
        aws("wait", "load-balancer-available", "--load-balancer-arns", arn)
        aws("wait", "target-in-service", "--target-group-arn", employee)
        assert ask(address, path="/admin/suppliers").json["name"] == "employee"
        conditions = [
            {"Field": "path-pattern", "Values": ["/admin/*"]},
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.1/32"]}},
        ]
        aws("modify-rule", "--rule-arn", rule, "--conditions", json.dumps(conditions))

        def who(source: str) -> str:
            name: str = ask(address, path="/admin/suppliers", source=source).json["name"]
            return name

        stage.until(lambda: who("127.0.0.2") == "customer", seconds=5)
        assert who("127.0.0.1") == "employee"
        described = aws("describe-rules", "--listener-arn", listener)["Rules"]
        assert [each["Priority"] for each in described] == ["10", "default"]
    finally:
        aws("delete-load-balancer", "--load-balancer-arn", arn)
    for group in (customer, employee):
        aws("delete-target-group", "--target-group-arn", group)
