/** How fields of the REST contract are declared: those that may be left out, and those that are taken and change nothing. */
import { z } from "zod";

/** `null` and absence mean the same everywhere in this contract. */
export const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

/** Checked like any other, and without effect: docs/rest-compatibility.md lists these. */
export const withoutEffect = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().meta({ "x-effect": "none" });

/** A field whose content is of no interest here. */
export const anything = z.unknown();
