-- Who owns the tables, and the database. By the superuser, once; what is there
-- stays as it is. Passwords come from the environment: not from ps.
\getenv owner_password OWNER_PASSWORD
SELECT format('CREATE ROLE owner LOGIN PASSWORD %L', :'owner_password')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'owner') \gexec
SELECT 'CREATE DATABASE trivet OWNER owner'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'trivet') \gexec
