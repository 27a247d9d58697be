"""CodePipeline's operations, gathered."""

from demitasse.services.base import Api

api = Api("codepipeline")
