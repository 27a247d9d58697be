"""Setting up a machine: the Docker Engine, and the images that everything starts from.

``docker.ensure`` and ``images.ensure_all`` do it, synchronously, telling a ``Report`` each step.
What they run is built as data elsewhere: ``recipes`` (the images), ``debian`` (packages),
``engine_argv`` in ``docker``; ``host`` reads what this machine's own tools are set to.
"""
