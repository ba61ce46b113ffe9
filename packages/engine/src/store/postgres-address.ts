/** The address of a PostgreSQL server, which holds a password: whether it is one, and what of it may be read by people. */

export function isPostgresAddress(address: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(address) && URL.canParse(address);
}

/** Host, port and database, without who signs in there and how. `?host=/run/postgresql` is the folder of a local socket. */
export function placeOf(address: string): string {
  // What stands before may hold any sign.
  const start = Math.max(address.lastIndexOf("@") + 1, address.indexOf("://") + 3);
  const [place = "", query = ""] = address.slice(start).split("?", 2);
  return `${new URLSearchParams(query).get("host") ?? ""}${place}`;
}
