/** The page as a test sees it: its hooks, each wait with a deadline. */
import type { Page } from "playwright-core";

export type PageState = "idle" | "connecting" | "listening" | "thinking" | "speaking" | "error";

export interface ShownCaption {
  readonly role: string;
  readonly final: boolean;
  readonly interrupted: boolean;
  readonly heard: string;
  readonly unheard: string;
}

export async function untilState(page: Page, states: readonly PageState[], deadlineMs: number): Promise<void> {
  const wanted = [...states];
  await page.waitForFunction((names) => names.some((name) => document.documentElement.dataset["state"] === name), wanted, {
    timeout: deadlineMs,
  });
}

/** Ends the call, and with it the agent: nobody waits for it when the engine ends. */
export async function hangUp(page: Page): Promise<void> {
  const ended = page.waitForResponse((response) => response.request().method() === "DELETE", { timeout: 5_000 });
  await page.getByTestId("hangup").click();
  await untilState(page, ["idle"], 5_000);
  await ended;
}

/** Waits until that many captions of a kind stand in the page. */
export async function untilCaptions(page: Page, selector: string, count: number, deadlineMs: number): Promise<void> {
  const wanted = { selector: `[data-testid=caption]${selector}`, count };
  await page.waitForFunction((one) => document.querySelectorAll(one.selector).length >= one.count, wanted, { timeout: deadlineMs });
}

export async function captions(page: Page): Promise<ShownCaption[]> {
  return await page.locator("[data-testid=caption]").evaluateAll((elements) =>
    elements.map((element) => {
      const words = (heard: string): string =>
        [...element.querySelectorAll(`[data-heard=${heard}]`)].map((word) => word.textContent?.trim() ?? "").join(" ");
      return {
        role: element.getAttribute("data-role") ?? "",
        final: element.getAttribute("data-final") === "true",
        interrupted: element.getAttribute("data-interrupted") === "true",
        heard: words("true"),
        unheard: words("false"),
      };
    }),
  );
}

/** Problems that the page reported on its console, or threw. */
export function watchConsole(page: Page): string[] {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      problems.push(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => problems.push(`thrown: ${error.message}`));
  return problems;
}
