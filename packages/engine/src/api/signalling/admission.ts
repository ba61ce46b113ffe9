/** Who may join a channel, and as whom: the token decides. */
import type { ClientMessage } from "@parley/protocol";
import { AppError } from "../../errors.ts";
import { type Access, checkAccess } from "../../projects/access.ts";
import { same } from "../../projects/projects.ts";
import { verifyChannelToken } from "../../projects/tokens.ts";

/** What signalling needs to know of a project. */
export interface SignallingProject extends Access {
  /** Empty: the project checks no tokens. */
  readonly certificate: string;
}

export interface FindProject {
  find(appId: string): SignallingProject | undefined;
}

export interface Admission {
  /** `0`: the engine chooses one. */
  readonly uid: string;
  /** Unix milliseconds; Infinity without a token. */
  readonly expiresAt: number;
  readonly publishUntil: number;
  readonly dataUntil: number;
}

type Join = Pick<Extract<ClientMessage, { type: "join" }>, "appId" | "channel" | "uid" | "token">;

/** Throws an error that says what is wrong with App ID or token. `now`: Unix milliseconds. */
export function admit(projects: FindProject, { appId, channel, uid, token }: Join, now: number): Admission {
  const project = projects.find(appId);
  if (project === undefined) throw new AppError("unknown-app", `there is no project with App ID ${JSON.stringify(appId)}`);
  if (project.certificate === "") {
    if (token !== "" && !same(token, appId)) {
      throw new AppError("token-foreign", `project ${appId} has no certificate: its token is empty or the App ID itself`);
    }
    checkAccess(project, "channels");
    return { uid, expiresAt: Infinity, publishUntil: Infinity, dataUntil: Infinity };
  }
  if (token === "") throw new AppError("token-missing", `channel ${channel} of project ${appId} needs a token`);
  const grant = verifyChannelToken(token, project, { channel, uid: uid === "0" ? undefined : uid }, now);
  checkAccess(project, "channels");
  return { ...grant, uid: uid === "0" ? (grant.uid ?? "0") : uid };
}
