"""The composition root: the only place where real parts are built and wired to each other."""

from __future__ import annotations

import asyncio
import contextlib
import os

from demitasse import own_pages, teardown
from demitasse.accounts import Accounts, Identity, Keys, identity
from demitasse.calls import Calls
from demitasse.clock import SystemClock, Waits
from demitasse.control import Controller, ControlLoop
from demitasse.credentials import Credentials
from demitasse.dispatch import Dispatcher
from demitasse.engines.addresses import HostAddresses, routes
from demitasse.engines.blobs.files import BlobFiles
from demitasse.engines.containers.docker import DockerEngine
from demitasse.engines.firewall.nft import NftFirewall
from demitasse.engines.git.programs import GitPrograms
from demitasse.engines.traffic.engine import HaproxyTraffic
from demitasse.engines.workspaces.files import WorkspaceFolders
from demitasse.errors import EngineError
from demitasse.ids import RandomIds
from demitasse.own_pages import OwnPages
from demitasse.services.base import Api, Site
from demitasse.services.codebuild import operations as codebuild
from demitasse.services.codebuild.controller import BuildController, CacheController
from demitasse.services.codecommit import operations as codecommit
from demitasse.services.codecommit.controller import RepositoryController
from demitasse.services.codecommit.records import PATH
from demitasse.services.codecommit.references import References
from demitasse.services.codecommit.smart_http import GitServer
from demitasse.services.codedeploy import operations as codedeploy
from demitasse.services.codedeploy.controller import DeploymentController
from demitasse.services.codepipeline import operations as codepipeline
from demitasse.services.codepipeline.controller import ActionController, PipelineController
from demitasse.services.ec2 import operations as ec2
from demitasse.services.ec2.controller import InterfaceController, VpcController
from demitasse.services.ecr import operations as ecr
from demitasse.services.ecr.controller import LifecycleController
from demitasse.services.ecr.distribution.app import Registry
from demitasse.services.ecr.sweep import SweepController
from demitasse.services.ecs import operations as ecs
from demitasse.services.ecs.controller.service import ServiceController
from demitasse.services.ecs.controller.task import TaskController
from demitasse.services.ecs.controller.task_definition import TaskDefinitionController
from demitasse.services.elbv2 import operations as elbv2
from demitasse.services.elbv2.controller import LoadBalancerController
from demitasse.services.events import operations as events
from demitasse.services.events.controller import DeliveryController, ScheduleController
from demitasse.services.iam import operations as iam
from demitasse.services.logs import operations as logs
from demitasse.services.logs.collector import LogCollector
from demitasse.services.logs.retention import LogRemovalController, LogRetentionController
from demitasse.services.rds import operations as rds
from demitasse.services.rds.controller import DbInstanceController
from demitasse.services.s3.http import ObjectStorage
from demitasse.services.s3.objects import StoredObjects
from demitasse.services.s3.sweep import ObjectSweepController
from demitasse.services.sts import operations as sts
from demitasse.settings import Settings
from demitasse.store import Store
from demitasse.wire.app import Application
from demitasse.wire.git_credential import GitCredentials
from demitasse.wire.models import Models
from demitasse.wire.s3_signature import S3Signatures

APIS: tuple[Api, ...] = (
    sts.api,
    ec2.api,
    ecr.api,
    ecs.api,
    elbv2.api,
    rds.api,
    logs.api,
    iam.api,
    events.api,
    codedeploy.api,
    codecommit.api,
    codebuild.api,
    codepipeline.api,
)

_AGAIN_SECONDS = 1.0


class Platform:
    """An installation, running: the API's application and the controllers behind it."""

    def __init__(self, settings: Settings, who: Identity, store: Store) -> None:
        self._settings, self._store = settings, store
        self._clock = clock = SystemClock()
        self._ids = ids = RandomIds()
        self._waits = Waits(settings.time_compression)
        self._site = site = Site(
            settings.endpoint, settings.registry, settings.vpc_cidr, routes.reached
        )
        self._containers = DockerEngine(who.installation, clock, settings.docker)
        self._addresses = HostAddresses(self._containers, ids)
        self._blobs = BlobFiles(settings.home / "blobs", clock)
        self._firewall = NftFirewall(self._containers)
        self._traffic = HaproxyTraffic(
            self._containers, self._addresses, settings.home / "traffic", clock
        )
        registry = Registry(store=store, blobs=self._blobs, clock=clock, ids=ids, site=site)
        credentials = Credentials(_accounts(settings, who), store)
        self._object_blobs = BlobFiles(settings.home / "objects", clock)
        storage = ObjectStorage(
            store=store,
            blobs=self._object_blobs,
            clock=clock,
            ids=ids,
            signatures=S3Signatures(credentials, clock, settings.region),
        )
        self._objects = StoredObjects(store=store, blobs=self._object_blobs, clock=clock, ids=ids)
        self._git = GitPrograms(settings.home / "git", clock, ids)
        self._references = References(git=self._git, store=store, clock=clock, ids=ids)
        git_server = GitServer(
            store=store,
            references=self._references,
            authenticate=GitCredentials(
                credentials=credentials,
                lasting=credentials.lasting,
                clock=clock,
                region=settings.region,
            ),
        )
        self._dispatcher = Dispatcher(APIS, store, clock, ids, site, parts=(self._references,))
        operations = {api.service: api.operations for api in APIS}
        models = Models.load(operations, cache=settings.home / "cache")
        self._calls = Calls((ecs.api,), models, clock, ids, site)
        self._resets: asyncio.Queue[asyncio.Future[teardown.Removed]] = asyncio.Queue()
        self.application = Application(
            models=models,
            operations=operations,
            dispatch=self._dispatcher,
            credentials=credentials,
            clock=clock,
            ids=ids,
            region=settings.region,
            body_limit=settings.body_limit,
            mounts={
                own_pages.PREFIX: OwnPages(
                    self._warnings, self._reset if settings.allow_reset else None
                ),
                "/v2/": registry,
                PATH: git_server,
            },
            storage=storage,
        )

    def _controllers(self) -> tuple[Controller, ...]:
        """New ones, which know nothing but the state."""
        store, clock, ids, waits = self._store, self._clock, self._ids, self._waits
        containers, site = self._containers, self._site
        return (
            VpcController(store=store, containers=containers),
            InterfaceController(store=store, containers=containers, firewall=self._firewall),
            RepositoryController(store=store, references=self._references),
            LifecycleController(store=store, clock=clock, waits=waits, ids=ids),
            SweepController(store=store, blobs=self._blobs, clock=clock),
            ObjectSweepController(store=store, blobs=self._object_blobs, clock=clock),
            LoadBalancerController(
                store=store,
                traffic=self._traffic,
                clock=clock,
                waits=waits,
                containers=containers,
            ),
            LogCollector(store=store, containers=containers, clock=clock),
            LogRetentionController(store=store, clock=clock),
            LogRemovalController(store=store),
            DeliveryController(store=store, clock=clock, ids=ids),
            ScheduleController(store=store, clock=clock, ids=ids),
            TaskDefinitionController(store=store),
            ServiceController(store=store, clock=clock, waits=waits, ids=ids),
            TaskController(
                store=store,
                containers=containers,
                clock=clock,
                waits=waits,
                ids=ids,
                registry=site.registry,
                processors=float(os.cpu_count() or 1),
            ),
            DeploymentController(
                store=store, clock=clock, waits=waits, ids=ids, objects=self._objects
            ),
            PipelineController(store=store, clock=clock, ids=ids),
            ActionController(
                store=store,
                clock=clock,
                waits=waits,
                ids=ids,
                site=site,
                objects=self._objects,
                git=self._git,
                calls=self._calls,
            ),
            BuildController(
                store=store,
                containers=containers,
                workspaces=WorkspaceFolders(self._settings.home / "builds"),
                objects=self._objects,
                git=self._git,
                clock=clock,
                ids=ids,
                endpoint=site.endpoint,
                registry=site.registry,
                docker_socket=_socket(self._settings.docker),
                processors=float(os.cpu_count() or 1),
            ),
            CacheController(store=store, containers=containers),
            DbInstanceController(
                store=store, containers=containers, addresses=self._addresses, clock=clock
            ),
        )

    @classmethod
    def open(cls, settings: Settings) -> Platform:
        """Read the state and wire everything. ``StartupError`` or ``StoreError`` if unusable."""
        who = identity(settings.identity_file, RandomIds())
        return cls(settings, who, Store.open(settings.state_file))

    async def control(self) -> None:
        """Run all controllers until cancelled; after each reset, new ones."""
        while True:
            working = asyncio.create_task(self._work())
            wanted = asyncio.create_task(self._resets.get())
            try:
                await asyncio.wait((working, wanted), return_when=asyncio.FIRST_COMPLETED)
            finally:
                failed = working.done()
                for task in (working, wanted):
                    task.cancel()
                await asyncio.gather(working, wanted, return_exceptions=True)
            if failed:
                working.result()
            await self._start_afresh(wanted.result())

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._discard_runs())
            for controller in self._controllers():
                loop = ControlLoop(controller, self._store, self._clock)
                group.create_task(loop.run(), name=controller.name)

    async def _discard_runs(self) -> None:
        """Once Docker is there, remove what a killed platform ran: none of ours waits for it."""
        while True:
            with contextlib.suppress(EngineError):
                await self._containers.discard_runs()
                return
            await self._clock.sleep(_AGAIN_SECONDS)

    def _warnings(self) -> list[str]:
        """What this machine cannot do for the platform, as far as is known by now."""
        problem = self._firewall.found
        return [f"Security groups are not in force on this machine: {problem}."] if problem else []

    async def _reset(self) -> teardown.Removed:
        """Have ``control`` reset the installation: what was removed."""
        done: asyncio.Future[teardown.Removed] = asyncio.get_running_loop().create_future()
        self._resets.put_nowait(done)
        return await done

    async def _start_afresh(self, done: asyncio.Future[teardown.Removed]) -> None:
        """Take away what runs and forget the state, while no controller works.

        Bytes that stand in files are swept up by the controllers that begin thereafter. Whoever
        asked is told through ``done``.
        """
        try:
            for load_balancer in await self._traffic.running():
                await self._traffic.remove(load_balancer)
            removed = await teardown.clear(
                self._containers, self._addresses, self._firewall, state=True, graceful=False
            )
            self._store.clear()
            self._dispatcher.forget()
        except Exception as error:  # noqa: BLE001 - whoever asked is told; the rest goes on
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():  # whoever asked may have gone
                done.set_result(removed)

    async def close(self) -> None:
        """Let go of engines and state; what runs goes on running."""
        await self._containers.close()
        self._blobs.close()
        self._object_blobs.close()
        self._store.close()


def _accounts(settings: Settings, who: Identity) -> Accounts:
    fixed = Keys(settings.access_key_id, settings.secret_access_key)
    return Accounts(who.secret, settings.account, fixed if settings.access_key_id else None)


def _socket(docker: str) -> str:
    """The path of Docker's socket on its own machine."""
    unix = "unix://"
    return docker.removeprefix(unix) if docker.startswith(unix) else "/var/run/docker.sock"
