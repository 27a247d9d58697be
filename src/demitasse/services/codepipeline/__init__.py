"""AWS CodePipeline: from a change of a source to its deployment, stage by stage."""
