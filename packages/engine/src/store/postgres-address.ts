/** The address of a PostgreSQL server, which holds a password: what of it may be read by people, and what is passed on. */

const scheme = /^postgres(?:ql)?:\/\//;

/** Whether it can be used; several hosts are separated by commas. */
export function isPostgresAddress(address: string): boolean {
  if (!scheme.test(address)) return false;
  const start = hostStart(address);
  return URL.canParse(address.slice(0, start) + address.slice(start).replace(/,[^/?]*/, ""));
}

/** Host, port and database, without who signs in there and how. */
export function placeOf(address: string): string {
  const { folder } = splitSocket(address);
  const place = address.slice(hostStart(address)).split("?", 1)[0] ?? "";
  return folder === undefined ? place : `${folder}${place}`;
}

/** `?host=/run/postgresql` names the folder of a local socket, as PostgreSQL's own clients have it. */
export function splitSocket(address: string): { readonly address: string; readonly folder: string | undefined } {
  const [plain = "", query = ""] = address.slice(hostStart(address)).split("?", 2);
  const parameters = new URLSearchParams(query);
  const folder = parameters.get("host") ?? undefined;
  if (folder?.startsWith("/") !== true) return { address, folder: undefined };
  parameters.delete("host");
  const rest = parameters.toString();
  return { address: `${address.slice(0, hostStart(address))}${plain}${rest === "" ? "" : `?${rest}`}`, folder };
}

/** Behind the name and the password, whose own signs may be anything. */
function hostStart(address: string): number {
  return Math.max(address.lastIndexOf("@") + 1, address.indexOf("://") + 3);
}
