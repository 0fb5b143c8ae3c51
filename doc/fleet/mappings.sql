-- The mappings of an SQLite database, in the form that "iofog-connector import" reads:
--
--     sqlite3 /var/lib/iofog-connector/mappings.db <mappings.sql >mappings.json
--
-- with their ids, ports, passcodes and limits; not with labels, names, and what "iofog-connector mapping set" has
-- changed; and not those without ports.
SELECT json_object('mappings', json_group_array(json_object(
    'id', id,
    'port1', port1, 'passcodeport1', passcode1,
    'maxconnectionsport1', maxconnections1, 'heartbeatabsencethresholdport1', heartbeatabsencethreshold1,
    'port2', port2, 'passcodeport2', passcode2,
    'maxconnectionsport2', maxconnections2, 'heartbeatabsencethresholdport2', heartbeatabsencethreshold2)))
FROM mapping WHERE port1 IS NOT NULL;
