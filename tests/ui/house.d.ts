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
  drawn: Promise<void>;
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
  /** The ETag of an answer that is known. */
  known?: string | null;
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
  /** What was typed, where the value changes by itself, as a length of time from now. */
  typed?: unknown;
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
  hold?(text: string | null): void;
}

interface Form {
  node: HTMLFormElement;
  values(): any;
  fail(error: any): void;
  check(): boolean;
  isBusy(): boolean;
  /** Whether something was changed and not sent. */
  isChanged(): boolean;
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
  /** In lists, `reload` reads the list again. */
  cell(row: Row, reload?: () => unknown): Child;
  isName?: boolean;
  isEnd?: boolean;
  isBare?: boolean;
  /** A class of its cells. */
  kind?: string;
  /** In lists: the name of the order in the address. */
  sort?: string | false;
  /** In lists that are sorted here: what by. */
  by?(row: Row): string | number | Date | null | undefined;
  /** In lists: whether the largest comes first at first, and whether that is the only way. */
  isDown?: boolean;
  isOneWay?: boolean;
  /** In lists: what comes first either way, from the smallest and from the largest. */
  ways?: [string, string];
}

/** An order of a list. */
type ListOrder<Row> = Pick<Column<Row>, "label" | "sort" | "by" | "isName" | "isDown" | "isOneWay" | "ways">;

/** A part of the line of counts above a list, which shows only what it counts. */
interface ListFilter<Row> {
  key: string;
  told(count: number): string;
  /** In lists that are filtered here. */
  has?(row: Row): boolean;
}

/** The counts of that line, by the keys of the filters. */
interface Tally {
  all: number;
  [key: string]: number;
}

interface ListState {
  q: string;
  /** The key of a filter. */
  show: string;
  sort: string;
  page: number;
  start: string | null;
}

interface ListPage<Row> {
  rows: Row[];
  next: string | null;
  count?: number | null;
  tally?: Tally;
}

interface ListOptions<Row> {
  context: Context;
  name: [word: string, many?: string];
  columns: Column<Row>[];
  href?(row: Row): string | null | undefined;
  id?(row: Row): string;
  empty?: Node | (() => Node);
  search?: string;
  orders?: ListOrder<Row>[];
  filters?: ListFilter<Row>[];
  isCompact?: boolean;
  isBrief?: boolean;
  sort?: string;
  size?: number;
  tools?: Child;
  actions?: ((rows: Row[], clear: () => void) => Node[]) | null;
  matches?(row: Row): string;
  all?(options: { signal: AbortSignal; progress: Progress }): Promise<Row[]>;
  page?(wanted: ListState & { size: number; signal: AbortSignal }): Promise<ListPage<Row>>;
  matching?(wanted: Pick<ListState, "q" | "show" | "sort"> & { most: number; signal: AbortSignal; progress: Progress }): Promise<Row[]>;
}

/** What a list shows at a time. */
interface Shown {
  rows: any[];
  /** All that was found, where everything is here. */
  hits?: any[];
  tally?: Tally;
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

/** What a clean-up of access tokens takes: what was not used since a day, or what has expired. */
interface CleanUpChoice {
  which: string;
  usedbefore: string;
}

// --- people, organizations, repositories ---

/** An account as administrators and the person itself see it. */
type WholeAccount = Required<Api.Account>;

/** Whom and what a leaver leaves behind. */
interface Leaver {
  account: WholeAccount;
  /** How many access tokens. */
  tokens: number;
  /** Those whose secret the leaver made or rotated last. */
  robots: Api.ApiToken[];
  /** Access tokens of others that were made with the leaver's. */
  forOthers: Api.ApiToken[];
  /** How many are the leaver's own. */
  repositories: number;
  /** What was given to the leaver alone. */
  grants: Api.Reached[];
  offices: Office[];
}

/** An organization that a user belongs to, and as what. */
interface Office {
  name: string;
  isAdmin: boolean;
  /** Whether it has no other administrator who may sign in. */
  isLast: boolean;
}

/** What is to become of it. */
interface LeaverChoice {
  tokens?: boolean;
  robots?: boolean;
  organizations?: boolean;
  /** Who gets the repositories. */
  to?: string;
}

/** The new secret of a robot, shown once. */
interface LeaverSecret {
  name: string;
  secret: string;
}

/** One step of that. */
interface LeaverDeed {
  title: string;
  /** Whether the others wait for it. */
  isNeeded?: boolean;
  /** Whether it gives robots new secrets; and whether it waits for that. */
  isOfRobots?: boolean;
  isAfterRobots?: boolean;
  /** Does it, as far as it is not done: tells how far it is, asks whether to go on, hands over new secrets, and says how it went. */
  run(tell: (text: string) => void, goesOn: () => boolean, keep: (secret: LeaverSecret) => void): Promise<string>;
}

interface LeaverStep extends LeaverDeed {
  state: "waiting" | "running" | "done" | "failed";
  /** How it went, or how far it is. */
  told: string;
}

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

/** What Connect shows lines for; see tokens/connect.js. */
interface ConnectOptions {
  username: string;
  repository?: string | null;
  tag?: string | null;
  mayPull?: boolean;
  mayPush?: boolean;
  label?: string | null;
  id?: string | null;
  secret?: string | null;
  first?: string | null;
}

/** What the ready lines of a client are about. Of a repository, an access token or both: null is what they are not about. */
interface LineFacts {
  host: string;
  username: string;
  /** Of these pages, and so of the API. */
  origin: string;
  repository: string | null;
  tag: string;
  mayPull: boolean;
  mayPush: boolean;
  label: string | null;
  id: string | null;
  secret: string | null;
}

interface LineClient {
  key: string;
  name: string;
  steps(facts: LineFacts): LineStep[];
  isForApi?: boolean;
}

interface LineStep {
  /** Parts of a sentence, some of them code. */
  text?: string | (string | { code: string })[];
  code?: string;
  shells?: [name: string, code: string][];
  file?: string;
  content?(): string;
}

/**
 * Whose access tokens: those of a user, or the robots of an organization. Pages and dialogs of both take it in place of
 * the session; tokens/token.js makes that of a user.
 */
interface Whose {
  /** The user or the organization. */
  owner: string;
  /** What one is called: "access token", "robot". */
  word: string;
  /** The owner in a sentence about what it has: "your", "alice's". */
  possessive: string;
  /** Where the API lists them and makes new ones, and what each such request asks by. */
  api: string;
  query: Record<string, string>;
  /** Where the API tells what limits would reach (PreviewReach, LimitedReach). */
  reachApi: string;
  /** Where the API has one of them; rotate, overlap, activity and access stand below it. */
  oneApi(token: Api.ApiToken): string;
  /** The levels to choose from, the weakest first. */
  levels: Choice[];
  /** Of the field of repositories, where it is not as for a user. */
  patterns?: { suggest: Suggest, placeholder: string, hint: string };
  listHref: string;
  newHref: string;
  oneHref(token: Api.ApiToken): string;
  crumbs: Crumb[];
}

/** What the window shows of a page. */
interface Drawn {
  title: string;
  nodes: Child;
  area?: string;
  isAlone?: boolean;
  /** Tells the page that it stands there. */
  tell?(): void;
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
