"""AWS Identity and Access Management: roles, their policies, instance profiles."""
