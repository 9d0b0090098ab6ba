// The shapes that the scripts of the pages share. Nothing of it is served: the scripts name them in their JSDoc.
// `Api` is made of the OpenAPI document by types.js.

/** What an element may have inside; null, undefined and false vanish. */
type Child = Node | string | number | null | undefined | false | readonly Child[];

/** Attributes of an element, and its handlers as `onclick`. */
type Attributes = Record<string, any>;

/** The element that h() makes of "tag.class.class". */
type Made<Kind extends string> = Kind extends `${infer Tag}.${string}` ? Named<Tag> : Named<Kind>;
type Named<Tag extends string> = Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement;

/** One of the tabs of a page: label, address, whether it is shown. */
type Tab = [label: string, href: string, isPresent: boolean];

/** A place above a page: label and address. */
type Crumb = [label: string, href: string];

/** What app.js gives a page; see there. */
interface Context {
  session: Api.Session;
  params: Record<string, string>;
  query: URLSearchParams;
  signal: AbortSignal;
  go(href: string, options?: { replace?: boolean }): Promise<void> | undefined;
  reload(): Promise<void> | undefined;
  setQuery(changes: Record<string, string | number | null | undefined>, options?: { push?: boolean }): void;
  setTitle(text: string): void;
  swap(nodes: Node[], to: { href: string; title: string }): void;
  hold(text: string | null): void;
}

interface Page {
  title: string | ((context: Context) => string);
  /** Nothing, if the page leads elsewhere. */
  render(context: Context): Promise<Child | void>;
}

/** A row of the table of pages. */
interface PageRow {
  path: string;
  area?: string;
  load(): Promise<Page>;
  isAdmin?: boolean;
  isOpen?: boolean;
  isAlone?: boolean;
}

// --- requests ---

interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  signal?: AbortSignal;
  accept?: string;
  /** Whether a 401 may mean that the session ended. */
  mayEnd?: boolean;
}

type Progress = (done: number, all: number | null) => void;

// --- forms ---

/** The value, the label, the hint. */
type Choice = string[];

/** What is wrong with a value, or nothing. */
type Check = (value: any) => string | null | undefined;

/** A field as forms need it. */
interface FormField {
  name: string;
  node: HTMLElement;
  value: any;
  fail(text: string | null | undefined): void;
  focus(): void;
  check?(): string | null | undefined;
}

interface Field extends FormField {
  control: any;
  onchange(handler: (value: any) => void): void;
  check(): string | null | undefined;
}

/** What else is named goes to the control as an attribute. */
interface FieldOptions {
  name: string;
  label: Child;
  hint?: Child;
  type?: string;
  value?: any;
  options?: Choice[];
  check?: Check;
  required?: boolean;
  [attribute: string]: any;
}

interface FormOptions {
  fields?: FormField[];
  submit: string;
  kind?: string;
  cancel?: { label: string; href?: string; onclick?(): void };
  onsubmit(values: any): any;
  children?: Child;
  more?: Child;
}

interface Form {
  node: HTMLFormElement;
  values(): any;
  fail(error: any): void;
  check(): boolean;
  isBusy(): boolean;
  button: HTMLButtonElement;
}

interface AskOptions {
  title: string;
  body?: Child;
  fields?: FormField[];
  confirm?: string;
  kind?: string;
  typed?: string | null;
  cancel?: string;
  act?(values: any): any;
  stop?(): void;
}

interface Suggestion {
  value: string;
  hint?: string;
}

type Suggest = (text: string, signal: AbortSignal) => Promise<Suggestion[]>;

// --- tables and lists ---

interface Column<Row> {
  label: string;
  cell(row: Row): Child;
  isName?: boolean;
  isEnd?: boolean;
  isBare?: boolean;
  /** In lists: the name of the order in the address. */
  sort?: string | false;
  /** In lists that are sorted here: what by. */
  by?(row: Row): string | number | Date | null | undefined;
}

interface ListState {
  q: string;
  sort: string;
  page: number;
  start: string | null;
}

interface ListPage<Row> {
  rows: Row[];
  next: string | null;
  count?: number | null;
}

interface ListOptions<Row> {
  context: Context;
  name: [word: string, many?: string];
  columns: Column<Row>[];
  href?(row: Row): string | null | undefined;
  id?(row: Row): string;
  empty?: Node | (() => Node);
  search?: string;
  sort?: string;
  size?: number;
  tools?: Child;
  actions?: ((rows: Row[], clear: () => void) => Node[]) | null;
  matches?(row: Row): string;
  all?(options: { signal: AbortSignal; progress: Progress }): Promise<Row[]>;
  page?(wanted: ListState & { size: number; signal: AbortSignal }): Promise<ListPage<Row>>;
}

/** What a list shows at a time. */
interface Shown {
  rows: any[];
  whole: number;
  count?: number | null;
  next?: string | null;
  page?: number;
  last?: number;
}

interface ListSource {
  isLocal: boolean;
  load(options: { signal: AbortSignal; state: ListState; progress: Progress }): Promise<unknown>;
  show(state: ListState): Shown;
  rows(): any[];
}

interface ListMade {
  node: HTMLElement;
  reload(): Promise<void>;
  rows(): any[];
}

// --- people, organizations, repositories ---

/** An account as administrators and the person itself see it. */
type WholeAccount = Required<Api.Account>;

/** What the person may see and do in an organization. */
interface Organization {
  name: string;
  account: Api.Account;
  /** Also of system administrators, who see as much. */
  isMember: boolean;
  mayManage: boolean;
  /** Its path in the API, and its page. */
  api: string;
  href: string;
}

interface Team extends Api.Team {
  api: string;
  href: string;
  organization: Organization;
}

/** The parts of a repository's name. */
interface RepositoryName {
  namespace: string;
  name: string;
}

/** What grants are on: the path in the API of a repository or a namespace, what it is called, whose teams may hold them. */
interface Target {
  api: string;
  name: string;
  organization?: string | null;
}

/** Who holds a grant. */
interface Holder {
  kind: string;
  name: string;
  level: Api.AccessLevel;
}

/** A row of the table of who has access. */
interface AccessRow extends Holder {
  isHere: boolean;
  isActive?: boolean | null;
  /** A team's, if not the target's. */
  organization?: string | null;
  why?: Child;
  order?: number;
}

/** A part of a page, with what its button does. */
interface Part {
  node: Child;
  action?: Child;
}

/** What the lines of a repository are for. */
interface UseOptions {
  /** One to pull. */
  tag: string;
  mayPull: boolean;
  mayPush: boolean;
  username: string;
}

/** What the ready lines of a client are about. */
interface LineFacts {
  host: string;
  username: string;
  secret: string;
  origin: string;
}

interface LineStep {
  text?: string;
  code?: string;
  file?: string;
  content?(): string;
}

/** What the window shows of a page. */
interface Drawn {
  title: string;
  nodes: Child;
  area?: string;
  isAlone?: boolean;
}

/** An organization or a team as what people belong to: its name, its path in the API, whether one can administer it. */
interface Group {
  name: string;
  api: string;
  hasAdmins?: boolean;
}

/** A tab of the page of an organization or a team. */
type TabOf<Whose> = [label: string, key: string, draw: (context: Context, whose: Whose) => Promise<Part>];

/** A repository that a team was given, or all of its organization's. */
interface TeamRow {
  label: string;
  href?: string;
  level: Api.AccessLevel;
  isWide?: boolean;
  target: Target;
}
