// Owns the names of repositories and accounts: their grammar, what people read, and where they stand in addresses.
//
// Exports, where a repository has `namespace` and `name` as the API gives them
//   isName(text)                 whether it is a name of an account, or a part of a repository's name, as the registry demands
//   wrongPattern(text)           what is wrong with a repository or `namespace/*`, as access tokens take them, or null
//   fullName(repository)         "acme/shop"; a repository without namespace is its name alone
//   pageHref(repository)         its page
//   apiPath(repository)          its path in the API
//   namespaceHref(namespace)     the page of a namespace
//   namespaceName(namespace)     what a namespace is called
//   allOf(namespace)             what all of its repositories are called

import { path } from "./dom.js";

const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const NONE = "_";

/** @param {string} text */
export const isName = (text) => NAME.test(text);

/** @param {RepositoryName} repository */
export const fullName = ({ namespace, name }) => (namespace === NONE ? name : `${namespace}/${name}`);
/** @param {RepositoryName} repository */
export const pageHref = ({ namespace, name }) => path`/repositories/${namespace}/${name}`;
/** @param {RepositoryName} repository */
export const apiPath = ({ namespace, name }) => path`/api/v0/repositories/${namespace}/${name}`;
/** @param {string} namespace */
export const namespaceHref = (namespace) => path`/repositories/${namespace}`;
/** @param {string} namespace */
export const allOf = (namespace) => (namespace === NONE ? "all repositories without namespace" : `all of ${namespace}`);
/** @param {string} namespace */
export const namespaceName = (namespace) => (namespace === NONE ? "without namespace" : namespace);

/** What is wrong with a repository or `namespace/*`, as access tokens take them. @param {string} text */
export function wrongPattern(text) {
  const [namespace, ...parts] = text.split("/");
  const isWide = parts.length === 1 && parts[0] === "*";
  const isOne = parts.length > 0 && parts.every(isName);
  if (text.replace(/\/\*$/, "").includes("*")) return `“${text}”: * stands alone after /. alice/* is everything below alice.`;
  const isRight = (namespace === "_" || isName(namespace)) && (isWide || isOne);
  return isRight ? null : `“${text}” is no repository. Write alice/app, or alice/* for everything below alice.`;
}
