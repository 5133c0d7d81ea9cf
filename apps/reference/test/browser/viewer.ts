import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { findChromium } from '@sync/brokers'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Others may be busy on this machine too. */
const TIMEOUT_MS = 40_000
const POLL_MS = 100

/** A browser that looks at pages, and what the pages complained of. */
export interface Viewer extends AsyncDisposable {
  readonly complaints: readonly string[]
  /** Opens a page; resolves when it shows figures. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>
}

export async function openViewer(): Promise<Viewer> {
  const browser = await launch()
  const complaints: string[] = []
  return {
    complaints,
    async open(url, options = {}) {
      const page = await browser.newPage(options)
      await page.addInitScript({ path: join(import.meta.dirname, 'in-page.js') })
      page.setDefaultTimeout(TIMEOUT_MS)
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(`${error}`))
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
    // containers have little shared memory, and nothing is asked of the internet
    args: ['--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking'],
    timeout: TIMEOUT_MS,
  })
}

/** Waits until an expression holds in the page. Asked from outside: the page's policy lets nothing be evaluated within. */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const late = Date.now() + TIMEOUT_MS
  while (!(await page.evaluate(expression))) {
    if (Date.now() > late) throw new Error(`not within ${TIMEOUT_MS / 1_000} s: ${expression}`)
    await setTimeout(POLL_MS)
  }
}

/** Waits until the event log has told, later than the newest line with `since`, a line of each of these that begins with `text`. */
export async function waitForLogLines(
  page: Page,
  { since, text, by }: { readonly since: string; readonly text: string; readonly by: readonly string[] },
): Promise<void> {
  await waitUntil(page, `inPage.told(${JSON.stringify({ since, text, by })})`)
}

/** The figure on a tile, and what stands below it. */
export async function figure(page: Page, label: string): Promise<string> {
  return `${await page.locator('.tile', { hasText: label }).locator('dd').textContent()}`
}

/** Waits until a tile's text is as wanted. */
export async function waitForFigure(page: Page, label: string, wanted: RegExp): Promise<void> {
  await page.locator('.tile', { hasText: label }).locator('dd', { hasText: wanted }).waitFor()
}

/** Calls one of the functions of `in-page.js`. */
export const inPage = <T>(
  page: Page,
  name: 'illegible' | 'nameless' | 'width' | 'animations' | 'focused',
): Promise<T> => page.evaluate(`inPage.${name}()`)
