"""Settings of the web server: `gunicorn --config python:employee.server`."""

from __future__ import annotations

# No name here may be that of a gunicorn setting, such as config.
from employee.config import ConfigError, load
from employee.logs import configuration

try:
    _settings = load()
except ConfigError as error:
    raise SystemExit(f"employee: {error}") from None

wsgi_app = "employee.web:create_app()"
bind = [f"0.0.0.0:{_settings.port}"]

# One process with threads: a request waits for the database, not for the processor.
workers = 1
worker_class = "employee.worker.DrainingWorker"
threads = 16
worker_tmp_dir = "/dev/shm"  # noqa: S108 - the heartbeat file must not wait for a disk
control_socket_disable = True

# Longer than a load balancer's idle timeout (60 s), so that it is the one to hang up
# and never sends a request into a connection that is being closed here.
keepalive = 75

# Within the 30 s that a container service waits between SIGTERM and SIGKILL.
graceful_timeout = 25

logconfig_dict = configuration(_settings.log_level)
