"""A grammar of SQL queries, random queries of it, and what the nodes of their parse trees span (train_sql_lstm.py)."""
import random
import re

import h5py
import numpy as np

SYMBOLS = 30  # of a record

# One rule per alternative (separated by |), with its weight where it is not 1; 'quoted' text stands for itself, spaces
# included. "~" lists words of equal weight and is one rule. The first alternative of a name must not lead back to the name:
# it is taken where a tree is too deep.
GRAMMAR = """
query:               24 select ';' | 3 insert ';' | 3 update ';' | 3 delete ';' | 2 create_table ';' | 2 with ';'
with:                'WITH ' alias ' AS ' subquery ' ' select
select:              8 select_core | 4 select_core ' ' order_by | 2 select_core ' ' order_by ' ' limit | 2 select_core ' ' limit
                     | 2 compound
compound:            select_core ' ' set_operator ' ' select_core
set_operator ~       UNION | UNION ALL | INTERSECT | EXCEPT
select_core:         3 selection ' ' from | 5 selection ' ' from ' ' where | selection ' ' from ' ' group_by
                     | selection ' ' from ' ' where ' ' group_by
selection:           5 'SELECT ' results | 'SELECT ' quantifier ' ' results
quantifier ~         DISTINCT | ALL
results:             '*' | 2 result_list
result_list:         3 result | 2 result ', ' result_list
result:              5 column | 3 aggregate | 2 expression | 2 expression ' AS ' column_name
from:                'FROM ' sources
sources:             6 source | source ', ' source | 3 join
source:              5 table | 3 table ' ' alias | subquery ' AS ' alias
table ~              users | orders | products | items | cities | payments | students | courses | flights | employees
alias ~              a | b | c | t | u | x
join:                source ' ' join_kind ' ' source ' ' join_constraint
join_kind ~          JOIN | INNER JOIN | LEFT JOIN | CROSS JOIN
join_constraint:     'USING (' column_name ')' | 3 'ON ' qualified_column ' = ' qualified_column
where:               'WHERE ' condition
condition:           6 predicate | 2 conjunction | disjunction | negation | group
conjunction:         predicate ' AND ' condition
disjunction:         predicate ' OR ' condition
negation:            'NOT ' predicate | 'NOT ' group
group:               '(' conjunction ')' | '(' disjunction ')'
predicate:           7 comparison | 2 between | 2 in_list | in_subquery | 2 like | 2 null_test | exists
comparison:          5 column ' ' comparator ' ' literal | 2 column ' ' comparator ' ' column
                     | expression ' ' comparator ' ' number | column ' ' comparator ' ' subquery
comparator ~         = | <> | < | > | <= | >=
between:             column ' BETWEEN ' number ' AND ' number
in_list:             column ' IN (' value_list ')'
in_subquery:         column ' IN ' subquery
like:                column ' LIKE ' pattern
pattern:             "'" word "%'" | "'%" word "%'"
null_test:           column ' IS NULL'
exists:              'EXISTS ' subquery
subquery:            '(' select_core ')'
group_by:            2 'GROUP BY ' column_list | 'GROUP BY ' column_list ' ' having
having:              'HAVING ' aggregate ' ' comparator ' ' number
order_by:            'ORDER BY ' ordering_list
ordering_list:       3 ordering | ordering ', ' ordering_list
ordering:            column | column ' ' direction
direction ~          ASC | DESC
limit:               3 'LIMIT ' integer | 'LIMIT ' integer ' OFFSET ' integer
column:              3 column_name | 2 qualified_column
column_name ~        id | name | age | price | total | city | date | status | year | email | amount | score | country | grade
qualified_column:    alias '.' column_name
column_list:         2 column_name | column_name ', ' column_list
expression:          3 arithmetic | 2 function | cast | 2 case
arithmetic:          2 column ' ' arithmetic_operator ' ' number | 2 column ' ' arithmetic_operator ' ' column
                     | '(' arithmetic ') ' arithmetic_operator ' ' number
arithmetic_operator ~  + | - | * | /
aggregate:           2 count | 3 aggregate_name '(' column ')' | aggregate_name '(' arithmetic ')'
count:               'COUNT(*)' | 'COUNT(DISTINCT ' column ')'
aggregate_name ~     SUM | AVG | MIN | MAX
function:            2 function_name '(' column ')' | function_name '(' column ', ' literal ')'
function_name ~      UPPER | LOWER | LENGTH | ROUND | ABS | COALESCE | SUBSTR
case:                'CASE ' when ' ELSE ' literal ' END' | 'CASE ' when ' ' when ' END'
when:                'WHEN ' comparison ' THEN ' literal
cast:                'CAST(' column ' AS ' type ')'
type ~               INTEGER | REAL | TEXT | DATE
literal:             6 number | 6 string | 'NULL'
number:              6 integer | 2 decimal | negative
negative:            '-' integer
decimal:             integer '.' integer
integer:             3 digit | 2 digit integer
digit ~              0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
string:              "'" word "'"
word ~               Ann | Bob | Paris | Rome | open | closed | new | red | blue | Monday | north | yes
value_list:          2 literal | 3 literal ', ' value_list
insert:              'INSERT INTO ' table ' (' column_list ') VALUES (' value_list ')' | 'INSERT INTO ' table ' VALUES (' value_list ')'
update:              'UPDATE ' table ' SET ' assignments ' ' where
assignments:         2 assignment | assignment ', ' assignments
assignment:          3 column_name ' = ' literal | column_name ' = ' arithmetic
delete:              'DELETE FROM ' table | 3 'DELETE FROM ' table ' ' where
create_table:        'CREATE TABLE ' table ' (' definitions ')'
definitions:         definition | 2 definition ', ' definitions
definition:          column_name ' ' type
"""
DEEPEST = 18  # nodes above each other before only first alternatives are taken
LONGEST = 240  # characters of a query; longer ones are drawn again


def read_grammar(text):
    """{name: ([weight, ...], [[(is a name, text), ...], ...])} in the order of the text."""
    rules = {}
    for line in re.sub(r"\n +\|", " |", text).strip().splitlines():
        name, kind, body = re.match(r"(\w+)\s*([:~])\s*(.*)", line).groups()
        if kind == "~":
            rules[name] = ([1], [[("words", body.split(" | "))]])
            continue
        weights, alternatives = [1], [[]]
        for token in re.findall(r"'[^']*'|\"[^\"]*\"|\w+|\|", body):
            if token == "|":
                weights.append(1)
                alternatives.append([])
            elif token.isdigit():
                weights[-1] = int(token)
            else:
                alternatives[-1].append(("text", token[1:-1]) if token[0] in "'\"" else ("name", token))
        rules[name] = (weights, alternatives)
    return rules


def characters(rules):
    """All characters that a stream of queries may have."""
    texts = [what for _, alternatives in rules.values() for items in alternatives for kind, what in items if kind != "name"]
    return {"\n", *"".join("".join(what) for what in texts)}


class Sampler:
    """Random queries of a grammar."""

    def __init__(self, rules, seed):
        self.rules = rules
        self.labels = {name: label for label, name in enumerate(rules)}
        self.random = random.Random(seed)

    def query(self):
        """A query and what its nodes span: (text, [(start, end, label), ...])."""
        while True:
            self.text, self.length, self.spans = [], 0, []
            self.expand("query", 0)
            if self.length <= LONGEST:
                return "".join(self.text), self.spans

    def expand(self, name, depth):
        weights, alternatives = self.rules[name]
        start = self.length
        chosen = alternatives[0] if depth > DEEPEST else self.random.choices(alternatives, weights)[0]
        for kind, what in chosen:
            if kind == "name":
                self.expand(what, depth + 1)
            else:
                word = what if kind == "text" else self.random.choice(what)
                self.text.append(word)
                self.length += len(word)
        self.spans.append((start, self.length, self.labels[name]))

    def stream(self, symbols, avoid=frozenset()):
        """At least `symbols` characters of queries that are not in `avoid`, each ended by a line end, and their spans."""
        queries, spans, length = [], [], 0
        while length < symbols:
            query, nodes = self.query()
            if query not in avoid:
                queries.append(query)
                spans += [(length + start, length + end, label) for start, end, label in nodes]
                length += len(query) + 1
        return queries, np.array(spans, np.int64)


def cut(spans, records):
    """Spans (n, 3) of a stream as (m, 4) record, start, end, label: cut where records begin, ordered by record."""
    parts = []
    start, end, label = spans.T
    while len(start):
        record = start // SYMBOLS
        border = (record + 1) * SYMBOLS
        last = np.minimum(end, border)
        parts.append(np.stack([record, start - record * SYMBOLS, last - record * SYMBOLS, label], 1))
        more = end > border
        start, end, label = border[more], end[more], label[more]
    parts = np.concatenate(parts)
    parts = parts[parts[:, 0] < records]
    return parts[np.lexsort((parts[:, 3], -parts[:, 2], parts[:, 1], parts[:, 0]))]


def most_frequent(parts, names, count):
    """Those of the spans (m, 4) whose label is among the `count` most frequent, labelled anew, and the names of these labels."""
    counts = np.bincount(parts[:, 3], minlength=len(names))
    kept = np.sort(np.argsort(-counts, kind="stable")[:count])
    kept = kept[counts[kept] > 0]
    parts = parts[np.isin(parts[:, 3], kept)]
    parts[:, 3] = np.searchsorted(kept, parts[:, 3])
    return parts, [names[label] for label in kept]


def write_spans(path, parts, names, records):
    with h5py.File(path, "w", track_order=False) as file:
        group = file.create_group("spans")
        group.attrs["description"] = np.bytes_("Nodes of parse trees of SQL queries, one row each, ordered by record. A node that goes on "
                                               "in the next record is cut there.")
        group.attrs["records"], group.attrs["symbols"] = records, SYMBOLS
        about = {"record": "window of 30 characters of the text, from 0", "start": "first character of the record that belongs to it",
                 "end": "one past its last character in the record", "label": "kind of node, a place in labels"}
        for column, (name, text) in enumerate(about.items()):
            data = group.create_dataset(name, data=parts[:, column].astype(np.int32), compression="gzip", compression_opts=9,
                                        shuffle=True, chunks=(min(len(parts), 65536),))
            data.attrs["description"] = np.bytes_(text)
        group.create_dataset("labels", data=np.array(names, "S")).attrs["description"] = np.bytes_("names of the kinds of nodes")
