"""How good the alerts and the claims are, measured against labelled articles. Pure: records in, verdicts out.

    labels      what a person says an article holds     →  Gold
    fitting     which of them a claim or alert is about
    alerts      every interruption of a replay judged   →  AlertScore
    claims      every article judged alone              →  ClaimScore
    runs        a run written down, and read again
    comparing   two runs, article by article            →  what changed
    tables      all of it for a person

What is right, and what is owed, is defined at the head of `alerts` and of `claims`.
"""
