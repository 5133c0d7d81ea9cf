import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { findChromium } from '@sync/brokers'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Generous, since other work can slow this machine down. */
const TIMEOUT_MS = 40_000
const POLL_MS = 100

/** A browser, and the errors and warnings that its pages have logged. */
export interface Viewer extends AsyncDisposable {
  readonly consoleMessages: string[]
  /** Opens a page. Resolves when it shows figures. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>
}

export async function openViewer(): Promise<Viewer> {
  const browser = await launch()
  const consoleMessages: string[] = []
  return {
    consoleMessages,
    async open(url, options = {}) {
      const page = await browser.newPage(options)
      await page.addInitScript({ path: join(import.meta.dirname, 'in-page.js') })
      page.setDefaultTimeout(TIMEOUT_MS)
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) consoleMessages.push(message.text())
      })
      page.on('pageerror', (error) => consoleMessages.push(`${error}`))
      await page.goto(url)
      await page.getByRole('heading', { name: 'Instances' }).waitFor()
      return page
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function launch(): Promise<Browser> {
  const { command, env } = await findChromium()
  return chromium.launch({
    executablePath: command,
    env: { ...process.env, ...env },
    // containers have little shared memory; the tests must not contact the internet
    args: ['--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking'],
    timeout: TIMEOUT_MS,
  })
}

/** Waits until an expression is true in the page. Polls from outside, since the page's security policy forbids `eval`. */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS
  while (!(await page.evaluate(expression))) {
    if (Date.now() > deadline) throw new Error(`expected within ${TIMEOUT_MS / 1_000} s: ${expression}`)
    await setTimeout(POLL_MS)
  }
}

/** Waits until each instance in `by` has logged an event that begins with `text`, after the newest line that contains `since`. */
export async function waitForLogLines(
  page: Page,
  { since, text, by }: { readonly since: string; readonly text: string; readonly by: readonly string[] },
): Promise<void> {
  await waitUntil(page, `inPage.hasLogged(${JSON.stringify({ since, text, by })})`)
}

/** Returns the text of a tile: its figure and the note below it. */
export async function figure(page: Page, label: string): Promise<string> {
  return `${await page.locator('.tile', { hasText: label }).locator('dd').textContent()}`
}

/** Waits until a tile's text matches. */
export async function waitForFigure(page: Page, label: string, expected: RegExp): Promise<void> {
  await page.locator('.tile', { hasText: label }).locator('dd', { hasText: expected }).waitFor()
}

/** Calls a function of `in-page.js`. */
export const inPage = <T>(
  page: Page,
  name: 'illegible' | 'nameless' | 'width' | 'animations' | 'focused',
): Promise<T> => page.evaluate(`inPage.${name}()`)
