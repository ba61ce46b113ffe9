/** A SQL database as the store uses it: the embedded one, or a server that speaks the same SQL. */

export type Row = Readonly<Record<string, unknown>>;
export type Parameter = string | number | boolean | null;

/** What the database itself says of a failure; other errors mean that it cannot be asked any more. */
export class SqlError extends Error {
  /** SQLSTATE: five characters, the first two a class (PostgreSQL, appendix A). */
  readonly sqlState: string;

  constructor(message: string, sqlState: string) {
    super(message);
    this.name = "SqlError";
    this.sqlState = sqlState;
  }

  /** The statement's own fault: bad data (22), a broken reference (23), no such thing (42). Anything else is the database's. */
  get isOfStatement(): boolean {
    return ["22", "23", "42"].includes(this.sqlState.slice(0, 2));
  }
}

export interface Connection {
  /** One statement with `$1`, `$2` … in place of its values. */
  query(sql: string, parameters?: readonly Parameter[]): Promise<readonly Row[]>;
  /** Any number of statements without values. */
  run(sql: string): Promise<void>;
}

export interface Database extends AsyncDisposable {
  /** One statement with `$1`, `$2` … in place of its values. */
  query(sql: string, parameters?: readonly Parameter[]): Promise<readonly Row[]>;
  /** What `work` does through the connection that it is given happens whole or, when it throws, not at all. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Gives the room of old rows back; absent: the database does that by itself. */
  vacuum?(): Promise<void>;
  /** Hears what is announced (NOTIFY) under that name from soon on, until the database is closed; absent: nobody else can be there. */
  listen?(channel: string, onNotice: (text: string) => void): void;
}
