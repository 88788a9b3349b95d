// One line of CSV (RFC 4180), in one pass: no line, however odd, takes more than its length.

/** The fields of a line, trimmed, quotes doubled within quotes; undefined where a quote stays open or text follows a closed one. */
export function fieldsOf(line: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; ;) {
    while (at < line.length && line[at] !== ',' && /\s/.test(line[at]!)) at++;
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const field = line.slice(at, comma < 0 ? undefined : comma);
      if (field.includes('"')) return undefined;
      fields.push(field.trim());
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    const parts: string[] = [];
    for (;;) {
      const end = line.indexOf('"', at + 1);
      if (end < 0) return undefined;
      parts.push(line.slice(at + 1, end));
      at = end + 1;
      if (line[at] !== '"') break;
    }
    fields.push(parts.join('"'));
    while (at < line.length && line[at] !== ',' && /\s/.test(line[at]!)) at++;
    if (at >= line.length) return fields;
    if (line[at] !== ',') return undefined;
    at++;
  }
}
