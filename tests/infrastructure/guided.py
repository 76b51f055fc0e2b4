"""Answers every question of `sam deploy --guided` with Enter, up to where it would speak to AWS. Run like translate.py.

Prints what was asked, and then the parameters as one line of JSON.
"""

import json
import sys

import click
from click.testing import CliRunner
from samcli.commands._utils.template import get_template_parameters
from samcli.commands.deploy import guided_context

guided_context.manage_stack = lambda **_: "bucket"
guided_context.print_managed_s3_bucket_info = lambda *_: None
guided_context.GuidedContext.prompt_image_repository = lambda *_: {}


@click.command()
def ask() -> None:
    context = guided_context.GuidedContext(
        template_file=sys.argv[1],
        stack_name="telephony-dev",
        s3_bucket=None,
        image_repository=None,
        image_repositories=None,
        s3_prefix=None,
        region="us-east-1",
        confirm_changeset=False,
        disable_rollback=False,
    )
    context.guided_prompts(get_template_parameters(sys.argv[1]))
    print(json.dumps({name: each["Value"] for name, each in context.guided_parameter_overrides.items()}))


answered = CliRunner().invoke(ask, input="\n" * 100)
print(answered.output)
sys.exit(answered.exit_code)
