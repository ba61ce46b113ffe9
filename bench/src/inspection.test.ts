import { expect, test } from "vitest";
import { type Inspection, leaks } from "./inspection.ts";

const before: Inspection = { heapMb: 50, residentMb: 900, resources: { Timeout: 2 }, threads: 20, sockets: 5, descriptors: 60 };

test("nothing stays: nothing is said", () => {
  expect(leaks(before, { ...before, heapMb: 55, residentMb: 890, sockets: 4, descriptors: 64 })).toEqual([]);
});

test("memory beyond what caches may take, a thread, a socket, a timer: each is named", () => {
  const after: Inspection = {
    heapMb: 75,
    residentMb: 1050,
    resources: { Timeout: 3, UDPWrap: 1 },
    threads: 21,
    sockets: 7,
    descriptors: 66,
  };
  expect(leaks(before, after)).toEqual([
    "heapMb grew by 25.0 from 50.0, 10 are allowed",
    "residentMb grew by 150.0 from 900.0, 100 are allowed",
    "1 more threads than the 20 before",
    "2 more sockets than the 5 before",
    "6 more descriptors than the 60 before",
    "1 more Timeout than the 2 before",
    "1 more UDPWrap than the 0 before",
  ]);
});
