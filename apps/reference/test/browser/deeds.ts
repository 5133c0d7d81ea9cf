import type { Page } from 'playwright-core'
import { figureIs, told } from './viewer.ts'

export const replicas: readonly string[] = ['replica 1', 'replica 2', 'replica 3']

const beginning = (text: string): { readonly name: RegExp } => ({ name: new RegExp(`^${text}`) })
const press = (page: Page, button: string): Promise<void> => page.getByRole('button', beginning(button)).click()

/** Writes a field at the first replica, and waits until the third shows it. */
export async function editIt(page: Page): Promise<void> {
  await page.getByLabel('Unit', { exact: true }).selectOption('unit-002')
  await page.getByLabel('Field', { exact: true }).selectOption('unitName')
  await page.getByRole('group', { name: 'First writer' }).getByLabel('Writes').fill('Wind Park Z')
  await press(page, 'Only the first writes')
  const row = page.getByRole('region', { name: /^unit-002/ }).getByRole('row', { name: /^unitName/ })
  await row.getByRole('cell').nth(3).getByText('Wind Park Z').waitFor()
}

interface Deed {
  readonly button: string
  readonly deed: (page: Page, recovering: readonly string[]) => Promise<void>
}

/** A disturbance of all replicas: what shows that it was noticed; then it ends, and all recover. */
const disturbance = (button: string, noticed: (page: Page) => Promise<void>): Deed => ({
  button,
  async deed(page, by) {
    await press(page, button)
    await page.getByText(/^replica 1: /).waitFor()
    await noticed(page)
    await press(page, 'Undisturbed')
    await told(page, { since: 'undisturbed again', text: 'recovered within', by })
    await page.getByText('Nothing is disturbed.').waitFor()
  },
})

/** Something that happens once: the line that tells it; then all recover. */
const crash = (button: string, since: string, noticed?: string): Deed => ({
  button,
  async deed(page, by) {
    await press(page, button)
    if (noticed) await told(page, { since, text: noticed, by })
    await told(page, { since, text: 'recovered within', by })
    await page.getByRole('button', { ...beginning(button), disabled: false }).waitFor()
    await figureIs(page, 'Consistency', /^100 %/)
  },
})

/** Every button under “Break it”. */
export const breakIt: readonly Deed[] = [
  disturbance('Lose 20 %', (page) => figureIs(page, 'Gaps', /^[1-9]\d* · [1-9]/)),
  disturbance('Repeat 20 %', (page) => figureIs(page, 'Gaps', /[1-9]\d* repeats/)),
  disturbance('Delay 200 ms', (page) => page.locator('.alert', { hasText: 'propagation p95 is' }).waitFor()),
  disturbance('Cut off', (page) =>
    told(page, { since: 'disturbed: cut off', text: "repaired from the store's log", by: replicas }),
  ),
  crash("Lose the store's tail", 'crashes', 'the store began a new epoch, history was lost'),
  crash('Kill', 'started again'),
  crash('Flood', 'the flood is over'),
]

/** Chooses another place, and waits until it is told that the documents are the same there. */
export async function moveIt(
  page: Page,
  { what, to }: { readonly what: 'Bus' | 'Store'; readonly to: string },
): Promise<void> {
  await page.getByLabel(what, { exact: true }).selectOption({ label: to })
  const title = page.locator('dt', { hasText: new RegExp(`${what.toLowerCase()} from .* to ${to}$`) })
  const outcome = page.locator('.moved').filter({ has: title })
  await outcome.getByText('The documents are the same.').waitFor()
  await page.getByRole('combobox', { name: what, exact: true, disabled: false }).waitFor()
}
