//! `--check`: whether the servers still have what the receipts say. Nothing is written.

use common::console::Console;
use common::deployment::Deployment;
use common::digest::Digest;
use common::fetch::{self, Address, Answer, Fetcher, Request, Validators};
use common::git;
use common::receipt::{Receipt, ReceivedFile};
use common::report::{SourceCheck, UpdateOutcome, UpdatedEnvironment};
use common::requirement::DirectReference;
use common::settings::CalVersion;
use common::sources::{SourceFile, Sources};

use crate::error::Error;
use crate::network::Network;
use crate::plan;

struct Question {
    environment: usize,
    local: String,
    received: Option<ReceivedFile>,
    address: Address,
}

/// Compares every environment of `deployment` that has sources with what its servers have.
pub fn verify(deployment: &Deployment, network: Network, console: &Console) -> Result<UpdateOutcome, Error> {
    let declared = plan::declared(deployment)?;
    if declared.is_empty() {
        console.warn("no environment has declared sources: nothing was compared");
    }
    let mut checks: Vec<(String, SourceCheck)> = Vec::new();
    let (mut questions, mut references) = (Vec::new(), Vec::new());
    for (name, dir, sources) in &declared {
        let environment = checks.len();
        let receipt = Receipt::of_environment(dir)?;
        let version = receipt.as_ref().map_or_else(String::new, |receipt| receipt.version.clone());
        checks.push((name.clone(), SourceCheck { version, differences: Vec::new() }));
        let Some(receipt) = receipt else {
            checks[environment].1.differences.push("there is no receipt that can be read".to_owned());
            continue;
        };
        if receipt.script.is_some() {
            let made = "update-requirements made the lists; no server is asked about them";
            checks[environment].1.differences.push(made.to_owned());
            continue;
        }
        match asked(environment, name, &receipt, sources, &network)? {
            Some(asked) => questions.extend(asked),
            None => {
                checks[environment].1.differences.push("the sources do not tell of this version".to_owned());
            }
        }
        references.extend(receipt.resolved.into_iter().map(|(r, commit)| (environment, r, commit)));
    }
    let fetcher = network.fetcher(questions.iter().map(|question| &question.address))?;
    let answers = fetch::each(&questions, |question| answer(question, &fetcher));
    for (question, difference) in questions.iter().zip(answers) {
        checks[question.environment].1.differences.extend(difference?);
    }
    let moved = fetch::each(&references, |(_, reference, commit)| moved(reference, commit, console));
    for ((environment, ..), difference) in references.iter().zip(moved) {
        checks[*environment].1.differences.extend(difference?);
    }
    let environments = checks.into_iter().map(|(name, check)| UpdatedEnvironment {
        name,
        ran: false,
        source: None,
        changed: Vec::new(),
        packages: Vec::new(),
        resolved: std::collections::BTreeMap::default(),
        check: Some(check),
    });
    Ok(UpdateOutcome { environments: environments.collect(), dockerfile: None })
}

/// Whether anything differs.
pub fn differs(outcome: &UpdateOutcome) -> bool {
    let checks = outcome.environments.iter().filter_map(|environment| environment.check.as_ref());
    checks.flat_map(|check| &check.differences).next().is_some()
}

/// What is to be asked for one environment: the files that its sources name for the receipt's version;
/// none if they do not tell of such a version.
fn asked(
    environment: usize,
    name: &str,
    receipt: &Receipt,
    sources: &Sources,
    network: &Network,
) -> Result<Option<Vec<Question>>, Error> {
    let version: Option<CalVersion> = receipt.version.parse().ok();
    let Some(mode) = version.as_ref().and_then(|version| sources.mode(version)) else {
        return Ok(None);
    };
    let addresses = network.addresses(mode, &receipt.version, name)?;
    let remote = mode.files.iter().zip(addresses).filter_map(|(file, address)| Some((file, address?)));
    let question = |(file, address): (&SourceFile, Address)| Question {
        environment,
        local: file.local.to_string(),
        received: receipt.files.iter().find(|received| received.local == file.local).cloned(),
        address,
    };
    Ok(Some(remote.map(question).collect()))
}

/// How the server's content differs, if it does.
fn answer(question: &Question, fetcher: &Fetcher) -> Result<Option<String>, Error> {
    let Question { local, received, address, .. } = question;
    let Some(received) = received else {
        return Ok(Some(format!("{local}: the receipt does not have it")));
    };
    // Only what was told at this very address says something about it.
    let journey = received.from.as_ref().filter(|from| from.url == address.to_string());
    let known = journey.map_or_else(Validators::default, |from| Validators {
        etag: from.etag.clone(),
        last_modified: from.last_modified.clone(),
    });
    match fetcher.get(&Request { address: address.clone(), known }) {
        Ok(Answer::Same) => Ok(None),
        Ok(Answer::File(came)) => {
            let now = Digest::of(&came.body);
            let told = || format!("{local}: {address} now has {now}, and {} was received", received.sha256);
            Ok((now != received.sha256).then(told))
        }
        Err(common::fetch::FetchError::Refused { status: status @ (404 | 410), .. }) => {
            Ok(Some(format!("{local}: {address} is not there any more (status {status})")))
        }
        Err(source) => Err(Error::Fetch { environment: question.local.clone(), source }),
    }
}

/// How a reference leads elsewhere, if it does.
fn moved(reference: &str, commit: &str, console: &Console) -> Result<Option<String>, Error> {
    let Some((repository, revision)) = DirectReference::new(reference).moving() else { return Ok(None) };
    let now = git::commit_there(&repository, revision.as_deref(), console)?;
    let now = now.unwrap_or_else(|| "nothing".to_owned());
    Ok((now != commit).then(|| format!("{reference} now is {now}, and was {commit}")))
}
