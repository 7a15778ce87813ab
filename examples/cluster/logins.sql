-- Who may log in, and with which of the rights that "trivet store roles" gives:
-- a role for each gateway, so that each can be shut out alone.
\getenv gateway1_password GATEWAY1_PASSWORD
\getenv gateway2_password GATEWAY2_PASSWORD
\getenv operator_password OPERATOR_PASSWORD
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L IN ROLE %I', name, password, rights)
    FROM (VALUES ('gateway1', :'gateway1_password', 'trivet_gateway'),
                 ('gateway2', :'gateway2_password', 'trivet_gateway'),
                 ('operator', :'operator_password', 'trivet_operator'))
        AS login (name, password, rights)
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
