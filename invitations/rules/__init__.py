"""Who may ring whom: one question, asked once for each ring in the transaction of the verb.

`judging` decides and knows no database; `terms` reads what it decides by. `showing` says by the same terms who sees
whether somebody is there, and `listing` who is listed to whom."""
