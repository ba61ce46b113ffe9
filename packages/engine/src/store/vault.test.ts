import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Vault } from "./vault.ts";

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "parley-vault-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("what is sealed opens again, for whom it was sealed alone, and never looks the same", () => {
  const vault = new Vault(randomBytes(32));
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), fc.string(), (text, about, other) => {
      const sealed = vault.seal(text, about);
      expect(vault.open(sealed, about)).toBe(text);
      if (other !== about) expect(vault.open(sealed, other)).toBeUndefined();
      expect(vault.seal(text, about)).not.toBe(sealed);
    }),
  );
});

test("whatever is done to what was sealed, it does not open", () => {
  const vault = new Vault(randomBytes(32));
  const sealed = Buffer.from(vault.seal("sk-secret", "A"), "base64");
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ flip;
      expect(vault.open(changed.toString("base64"), "A")).toBeUndefined();
      expect(vault.open(sealed.subarray(0, index).toString("base64"), "A")).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(vault.open(text, "A")).toBeUndefined();
    }),
  );
  expect(new Vault(randomBytes(32)).open(sealed.toString("base64"), "A")).toBeUndefined();
});

test("the key lies in a file of its own that nobody else may read, and is the same after a restart", () => {
  const data = folder();
  const sealed = Vault.inFolder(data).seal("sk-secret", "A");
  const file = path.join(data, "calls.key");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file)).toHaveLength(32);
  expect(Vault.inFolder(data).open(sealed, "A")).toBe("sk-secret");
});

test("a key that is damaged, or that cannot be written, is replaced: what it had sealed is lost", () => {
  const data = folder();
  const sealed = Vault.inFolder(data).seal("sk-secret", "A");
  writeFileSync(path.join(data, "calls.key"), "half", { mode: 0o644 });
  const vault = Vault.inFolder(data);
  expect(vault.open(sealed, "A")).toBeUndefined();
  expect(statSync(path.join(data, "calls.key")).mode & 0o777).toBe(0o600);
  expect(Vault.inFolder(data).open(vault.seal("x", "A"), "A")).toBe("x");

  const nowhere = Vault.inFolder("/dev/null/nowhere");
  expect(nowhere.open(nowhere.seal("x", "A"), "A")).toBe("x");
});
