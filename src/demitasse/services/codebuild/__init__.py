"""CodeBuild: projects, and builds in real containers."""
