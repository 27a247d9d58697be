"""Where ECS's operations register."""

from demitasse.services.base import Api

api = Api("ecs")
