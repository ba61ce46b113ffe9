/** A SQL database as the store uses it: the embedded one, or a server that speaks the same SQL. */

export type Row = Readonly<Record<string, unknown>>;
export type Parameter = string | number | boolean | null;

export interface Database extends AsyncDisposable {
  /** One statement with `$1`, `$2` … in place of its values. */
  query(sql: string, parameters?: readonly Parameter[]): Promise<readonly Row[]>;
  /** Any number of statements without values, all or none. */
  run(sql: string): Promise<void>;
}
