import type { Page } from 'playwright-core'
import { waitForFigure, waitForLogLines } from '../../../../packages/admin/test/browser/viewer.ts'

export const replicas: readonly string[] = ['replica 1', 'replica 2', 'replica 3']

const startingWith = (text: string): { readonly name: RegExp } => ({ name: new RegExp(`^${text}`) })
const press = (page: Page, button: string): Promise<void> => page.getByRole('button', startingWith(button)).click()

/** Writes a field on the first replica, and waits until the third one shows it. */
export async function editUnit(page: Page): Promise<void> {
  await page.getByLabel('Unit', { exact: true }).selectOption('unit-002')
  await page.getByLabel('Field', { exact: true }).selectOption('unitName')
  await page.getByRole('group', { name: 'First writer' }).getByLabel('New value').fill('Wind Park Z')
  await press(page, 'Write first only')
  const row = page.getByRole('region', { name: /^unit-002/ }).getByRole('row', { name: /^unitName/ })
  await row.getByRole('cell').nth(3).getByText('Wind Park Z').waitFor()
}

interface PageAction {
  readonly button: string
  readonly perform: (page: Page, recovering: readonly string[]) => Promise<void>
}

/** A network fault on all replicas. `detected` waits for its effect; then the fault is stopped, and all replicas recover. */
const networkFault = (button: string, detected: (page: Page) => Promise<void>): PageAction => ({
  button,
  async perform(page, by) {
    await press(page, `${button} on all replicas`)
    await page.getByText(/^replica 1: /).waitFor()
    await detected(page)
    await press(page, 'Stop all faults')
    await waitForLogLines(page, { since: 'fault stopped', text: 'recovered in', by })
    await page.getByText('No active faults.').waitFor()
  },
})

/** A single fault. All instances in `by` log `detected`, if given, after the line `since`; then they recover. */
const crash = (button: string, since: string, detected?: string): PageAction => ({
  button,
  async perform(page, by) {
    await press(page, button)
    if (detected) await waitForLogLines(page, { since, text: detected, by })
    await waitForLogLines(page, { since, text: 'recovered in', by })
    await page.getByRole('button', { ...startingWith(button), disabled: false }).waitFor()
    await waitForFigure(page, 'Consistency', /^100 %/)
  },
})

/** Actions for every button in the “Faults” section. */
export const faultActions: readonly PageAction[] = [
  networkFault('Lose 20 %', (page) => waitForFigure(page, 'Gaps', /^[1-9]\d* · [1-9]/)),
  networkFault('Repeat 20 %', (page) => waitForFigure(page, 'Gaps', /[1-9]\d* duplicates/)),
  networkFault('Delay 200 ms', (page) => page.locator('.alert', { hasText: 'Propagation p95 is' }).waitFor()),
  networkFault('Cut off', (page) =>
    waitForLogLines(page, { since: 'fault: cut off', text: "repaired from the store's log", by: replicas }),
  ),
  crash('Lose latest commits', 'crashing', 'the store began a new epoch; commits were lost'),
  crash('Kill', 'restarted'),
  crash('Flood', 'flood ended'),
]

/** Selects another bus or store, and waits until the page reports identical documents after the move. */
export async function migrateTo(
  page: Page,
  { target, to }: { readonly target: 'Bus' | 'Store'; readonly to: string },
): Promise<void> {
  await page.getByLabel(target, { exact: true }).selectOption({ label: to })
  const title = page.locator('dt', { hasText: new RegExp(`${target.toLowerCase()} from .* to ${to}$`) })
  const outcome = page.locator('.migration').filter({ has: title })
  await outcome.getByText('The documents are identical.').waitFor()
  await page.getByRole('combobox', { name: target, exact: true, disabled: false }).waitFor()
}
