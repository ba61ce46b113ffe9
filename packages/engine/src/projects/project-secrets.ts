/** Secrets that the engine derives for a project, one for each purpose; nobody configures them. */
import { hkdfSync } from "node:crypto";
import type { Project } from "./project.ts";

const BYTES = 32;

export interface ProjectSecretsOptions {
  /** 32 bytes that lie in the data folder and nowhere else. */
  readonly local: Buffer;
  /** Engines share a database: what one of them has sealed or signed the others must be able to open and to check. */
  readonly shared: boolean;
}

/**
 * An engine by itself derives from the key in its data folder, so that a project may change its certificate. Engines
 * that share a database derive from the project's certificate, which they all know; where it is empty, from the data
 * folder all the same, and then they do not understand each other.
 */
export class ProjectSecrets {
  readonly #options: ProjectSecretsOptions;

  constructor(options: ProjectSecretsOptions) {
    this.#options = options;
  }

  /** 32 bytes, the same after a restart; another purpose gives others, from which these cannot be told. */
  of({ appId, certificate }: Pick<Project, "appId" | "certificate">, purpose: string): Buffer {
    const { local, shared } = this.#options;
    const from = shared && certificate !== "" ? Buffer.from(certificate) : local;
    return Buffer.from(hkdfSync("sha256", from, appId, `parley ${purpose}`, BYTES));
  }
}
