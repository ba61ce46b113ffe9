/** Which doors a project may use: those of its `services`, and none while its operator has suspended it. */
import { AppError } from "../errors.ts";

/** `rest`: the REST door; `channels`: people join its channels; `voice-agent`: the socket and the REST beside it. */
export const services = ["rest", "channels", "voice-agent"] as const;
export type Service = (typeof services)[number];

/** What an operator has decided about a project. */
export interface Access {
  readonly appId: string;
  /** Everything is refused. */
  readonly suspended?: boolean;
  /** Doors that it may use; absent: all. */
  readonly services?: ReadonlySet<Service>;
}

/** Throws `project-suspended` or `service-not-enabled`. Only for who has proven whose they are: others learn nothing of a project. */
export function checkAccess({ appId, suspended, services: enabled }: Access, service: Service): void {
  if (suspended === true) throw new AppError("project-suspended", `project ${appId} is suspended`);
  if (enabled === undefined || enabled.has(service)) return;
  throw new AppError("service-not-enabled", `project ${appId} may not use ${service}; its services: ${[...enabled].join(", ") || "none"}`);
}
