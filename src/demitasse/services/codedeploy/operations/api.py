"""Where CodeDeploy's operations register."""

from demitasse.services.base import Api

api = Api("codedeploy")
