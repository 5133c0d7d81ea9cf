import type { Page } from 'playwright-core'
import { waitForFigure, waitForLogLines } from './viewer.ts'

export const replicas: readonly string[] = ['replica 1', 'replica 2', 'replica 3']

const startingWith = (text: string): { readonly name: RegExp } => ({ name: new RegExp(`^${text}`) })
const press = (page: Page, button: string): Promise<void> => page.getByRole('button', startingWith(button)).click()

/** Writes a field at the first replica, and waits until the third shows it. */
export async function editUnit(page: Page): Promise<void> {
  await page.getByLabel('Unit', { exact: true }).selectOption('unit-002')
  await page.getByLabel('Field', { exact: true }).selectOption('unitName')
  await page.getByRole('group', { name: 'First writer' }).getByLabel('Writes').fill('Wind Park Z')
  await press(page, 'Only the first writes')
  const row = page.getByRole('region', { name: /^unit-002/ }).getByRole('row', { name: /^unitName/ })
  await row.getByRole('cell').nth(3).getByText('Wind Park Z').waitFor()
}

interface PageAction {
  readonly button: string
  readonly perform: (page: Page, recovering: readonly string[]) => Promise<void>
}

/** A disturbance of all replicas: what shows that it was noticed; then it ends, and all recover. */
const networkFault = (button: string, noticed: (page: Page) => Promise<void>): PageAction => ({
  button,
  async perform(page, by) {
    await press(page, button)
    await page.getByText(/^replica 1: /).waitFor()
    await noticed(page)
    await press(page, 'Undisturbed')
    await waitForLogLines(page, { since: 'undisturbed again', text: 'recovered within', by })
    await page.getByText('Nothing is disturbed.').waitFor()
  },
})

/** Something that happens once: the line that tells it; then all recover. */
const crash = (button: string, since: string, noticed?: string): PageAction => ({
  button,
  async perform(page, by) {
    await press(page, button)
    if (noticed) await waitForLogLines(page, { since, text: noticed, by })
    await waitForLogLines(page, { since, text: 'recovered within', by })
    await page.getByRole('button', { ...startingWith(button), disabled: false }).waitFor()
    await waitForFigure(page, 'Consistency', /^100 %/)
  },
})

/** Every button under “Break it”. */
export const faultActions: readonly PageAction[] = [
  networkFault('Lose 20 %', (page) => waitForFigure(page, 'Gaps', /^[1-9]\d* · [1-9]/)),
  networkFault('Repeat 20 %', (page) => waitForFigure(page, 'Gaps', /[1-9]\d* repeats/)),
  networkFault('Delay 200 ms', (page) => page.locator('.alert', { hasText: 'propagation p95 is' }).waitFor()),
  networkFault('Cut off', (page) =>
    waitForLogLines(page, { since: 'disturbed: cut off', text: "repaired from the store's log", by: replicas }),
  ),
  crash("Lose the store's tail", 'crashes', 'the store began a new epoch, history was lost'),
  crash('Kill', 'started again'),
  crash('Flood', 'the flood is over'),
]

/** Chooses another place, and waits until it is told that the documents are the same there. */
export async function migrateTo(
  page: Page,
  { what, to }: { readonly what: 'Bus' | 'Store'; readonly to: string },
): Promise<void> {
  await page.getByLabel(what, { exact: true }).selectOption({ label: to })
  const title = page.locator('dt', { hasText: new RegExp(`${what.toLowerCase()} from .* to ${to}$`) })
  const outcome = page.locator('.moved').filter({ has: title })
  await outcome.getByText('The documents are the same.').waitFor()
  await page.getByRole('combobox', { name: what, exact: true, disabled: false }).waitFor()
}
