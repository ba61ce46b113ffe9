/** Who may do what: finds the project of a request by its credentials, and keeps each within its rate. */
import { createHash, timingSafeEqual } from "node:crypto";
import { AppError } from "../errors.ts";
import type { Project } from "./project.ts";
import { verifyToken } from "./tokens.ts";

export interface ProjectsOptions {
  readonly projects: readonly Project[];
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class Projects {
  readonly #projects: ReadonlyMap<string, Project>;
  readonly #rates = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor({ projects, now }: ProjectsOptions) {
    this.#projects = new Map(projects.map((project) => [project.appId, project]));
    this.#now = now;
  }

  find(appId: string): Project | undefined {
    return this.#projects.get(appId);
  }

  /** The project in the path, if the Authorization header opens it. */
  authenticate(appId: string, authorization: string | undefined): Project {
    if (authorization === undefined || authorization === "") {
      throw new AppError("unauthenticated", "the Authorization header is missing");
    }
    const project = this.find(appId);
    const basic = /^basic\s+(\S+)\s*$/i.exec(authorization)?.[1];
    if (basic !== undefined) return this.#byCustomer(project, appId, basic);
    const token = /^agora\s+token\s*=\s*(.*)$/is.exec(authorization)?.[1];
    if (token !== undefined) return this.#byToken(project, token);
    throw new AppError("unauthenticated", "the Authorization header is neither Basic nor agora token=");
  }

  /** Whether a Basic header holds the credentials of any project. */
  knowsCustomer(authorization: string | undefined): boolean {
    const basic = /^basic\s+(\S+)\s*$/i.exec(authorization ?? "")?.[1];
    return basic !== undefined && this.#customersProjects(basic).length > 0;
  }

  /** Counts one request; beyond `limits.requests_per_second` it says in how many seconds there is room. */
  admit(project: Project): { readonly retryAfterS: number } | undefined {
    const rate = project.limits.requestsPerSecond;
    if (rate === undefined) return undefined;
    const now = this.#now();
    const size = Math.max(1, rate);
    const bucket = this.#rates.get(project.appId) ?? { tokens: size, at: now };
    // The bucket holds one second's worth: bursts up to the limit pass, the average is kept.
    const tokens = Math.min(size, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate);
    const admitted = tokens >= 1;
    this.#rates.set(project.appId, { tokens: admitted ? tokens - 1 : tokens, at: now });
    return admitted ? undefined : { retryAfterS: Math.max(1, Math.ceil((1 - tokens) / rate)) };
  }

  #byCustomer(project: Project | undefined, appId: string, encoded: string): Project {
    const owned = this.#customersProjects(encoded);
    if (owned.length === 0) throw new AppError("unauthenticated", "the customer id or secret is wrong");
    if (project === undefined || !owned.includes(project))
      throw new AppError("forbidden", `this customer has no project ${appId.slice(0, 64)}`);
    return project;
  }

  /** Every pair is compared, each in constant time: how long it takes tells nothing. */
  #customersProjects(encoded: string): Project[] {
    const [id, secret] = splitOnce(Buffer.from(encoded, "base64").toString("utf8"));
    const owned: Project[] = [];
    for (const candidate of this.#projects.values()) {
      for (const customer of candidate.customers) {
        const matches = [same(customer.id, id), same(customer.secret, secret)].every(Boolean);
        if (matches) owned.push(candidate);
      }
    }
    return owned;
  }

  #byToken(project: Project | undefined, text: string): Project {
    const token = /^"(.*)"$/s.exec(text.trim())?.[1] ?? text.trim();
    // An unknown App ID and a wrong signature answer alike.
    if (project === undefined) throw new AppError("unauthenticated", "the token is not one of the project in the path");
    if (project.certificate === "") {
      throw new AppError("unauthenticated", "this project has no certificate, so no token can be checked; use Basic");
    }
    try {
      verifyToken(token, project, this.#now());
    } catch (error) {
      if (error instanceof AppError) throw new AppError("unauthenticated", error.message, { cause: error });
      throw error;
    }
    return project;
  }
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Compares two secrets in a time that depends on neither. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}
