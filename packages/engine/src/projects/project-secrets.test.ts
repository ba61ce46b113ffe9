import { expect, test } from "vitest";
import { ProjectSecrets } from "./project-secrets.ts";

const project = { appId: "0123456789abcdef0123456789abcdef", certificate: "fedcba9876543210fedcba9876543210" };
const other = { ...project, appId: "11111111111111111111111111111111" };
const local = Buffer.alloc(32, 1);
const elsewhere = Buffer.alloc(32, 2);

test("each project has its own secret for each purpose, the same after a restart", () => {
  const secrets = new ProjectSecrets({ local, shared: false });
  expect(secrets.of(project, "tokens")).toHaveLength(32);
  expect(new ProjectSecrets({ local, shared: false }).of(project, "tokens")).toEqual(secrets.of(project, "tokens"));
  expect(secrets.of(other, "tokens")).not.toEqual(secrets.of(project, "tokens"));
  expect(secrets.of(project, "stored agents")).not.toEqual(secrets.of(project, "tokens"));
});

test("an engine by itself keeps its secrets when the certificate changes, and they lie in its data folder alone", () => {
  const secrets = new ProjectSecrets({ local, shared: false });
  expect(secrets.of({ ...project, certificate: "" }, "tokens")).toEqual(secrets.of(project, "tokens"));
  expect(new ProjectSecrets({ local: elsewhere, shared: false }).of(project, "tokens")).not.toEqual(secrets.of(project, "tokens"));
});

test("engines that share a database have the same secrets of a project with a certificate", () => {
  const [one, two] = [new ProjectSecrets({ local, shared: true }), new ProjectSecrets({ local: elsewhere, shared: true })];
  expect(one.of(project, "tokens")).toEqual(two.of(project, "tokens"));
  expect(one.of({ ...project, certificate: "" }, "tokens")).not.toEqual(two.of({ ...project, certificate: "" }, "tokens"));
});
