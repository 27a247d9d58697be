"""How a blue/green deployment goes on: a state machine, as a function of what is seen.

The phases, in their order::

    start      the service, the listeners and the revision are looked at for the first time
    settle     all production traffic on the original; task sets left by others are gone
    install    the replacement runs in the other target group, until every task is healthy there
    test       the test listener's traffic goes to the replacement
    ready      where it was asked for: until a caller says "go on", or for too long
    shift      production traffic moves, step by step
    wait       the replacement is primary; the original is kept for a while
    terminate  the original drains and stops
    done

and of a rollback: ``back`` (production traffic returns to the original), ``remove`` (the
replacement drains and stops), ``done``.

Every decision is made from what is seen at that moment, and is applied in one transaction with it,
so that a crash between two decisions leaves nothing half done.
"""

from demitasse.services.codedeploy.plan.phases import plan, steps

__all__ = ["plan", "steps"]
