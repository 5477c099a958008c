"""A bureau's year with known truth: who did what, who filmed it, and what went wrong. Pure: the same seed gives the same
year, and nothing here knows a database.

`report_year` is the bureau's own year in the counts of its report; `rounds_year` is one of as many squads and days as
asked for, always at work, in which every fault that linking is judged by comes at its stated rate. The rates of both
stand in rates.py. The demo and the benches load what they need of it in their own ways.

Times inside are seconds since `BEGIN` (true time, UTC). What a recorder says is its own clock; what an event says
is what an officer wrote down. Faults are drawn independently of each other and of the rules under test. A pair of
recording and event is true when the file is of the filming of that event; of a filming that ran on through two
events, when it shows at least `SEEN_S` of it.
"""
