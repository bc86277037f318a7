use common::settings::{Generation, Settings};

use super::*;

fn words(text: &str) -> Vec<String> {
    common::shell::split_unquoted(text)
}

fn roman() -> Settings {
    Settings::new(Path::new("/r"), "roman".parse().unwrap())
}

fn exec(command: &[&str]) -> Wish {
    Wish { command: command.iter().map(|word| (*word).to_owned()).collect(), ..Wish::default() }
}

fn plan(wish: &Wish, caller: &Caller, home: Option<&str>) -> Plan {
    Plan::new(wish, &roman(), caller, (&DevPars::default(), home.map(Path::new))).unwrap()
}

const PARS: &str = "--rm -e JUPYTER_ENABLE_LAB=yes --platform linux/amd64";

#[test]
fn a_plain_run_is_that_of_the_contract() {
    let plan = plan(&exec(&["ls", "-l"]), &Caller::default(), None);
    assert_eq!(plan.request.words.join(" "), PARS);
    assert_eq!((plan.request.image.as_str(), plan.hook), ("notebook-roman:latest", None));
    assert_eq!(plan.request.command, ["ls", "-l"]);
    assert_eq!(plan.announcements, [""; 0]);
}

#[test]
fn d30_words_stay_words() {
    let command = ["bash", "-c", "echo hi there", "*", "", "$HOME"];
    assert_eq!(plan(&exec(&command), &Caller::default(), None).request.command, command);
}

#[test]
fn d31_the_hook_runs_whatever_the_variable_holds_and_without_the_user() {
    for text in ["1", "yes please", "-n", "("] {
        let caller =
            Caller { hub_init: Some(text.to_owned()), user: Some("1001".to_owned()), ..Caller::default() };
        let plan = plan(&exec(&["id"]), &caller, Some("/home/me/sp home"));
        let hook = plan.hook.unwrap();
        assert_eq!(hook.command, HOOK, "{text}");
        let mounted =
            [words(PARS), vec!["-v".to_owned(), "/home/me/sp home:/home/jovyan".to_owned()]].concat();
        assert_eq!(hook.words, mounted, "{text}");
        assert_eq!(plan.request.words, [mounted, words("--user 1001 --group-add users")].concat());
        assert_eq!(plan.announcements.len(), 3);
    }
}

#[test]
fn d32_the_image_is_the_typed_the_exported_or_the_configured_one() {
    let check = |typed: Option<&str>, exported: Option<&str>, expected: &str| {
        let wish = Wish { image: typed.map(str::to_owned), ..Wish::default() };
        let caller = Caller { image: exported.map(str::to_owned), ..Caller::default() };
        assert_eq!(image(&wish, &roman(), &caller), expected);
    };
    check(Some("a"), Some("b"), "a");
    check(None, Some("b"), "b");
    check(None, None, "notebook-roman:latest");
}

#[test]
fn the_shells_switches_win_and_further_ones_follow() {
    let caller = Caller { run_pars: Some(" --rm  -e A=1 ".to_owned()), ..Caller::default() };
    let wish = Wish { words: words("-p 8888:8888"), ..Wish::default() };
    assert_eq!(plan(&wish, &caller, None).request.words.join(" "), "--rm -e A=1 -p 8888:8888");
    assert_eq!(caller.other_words(&roman()).as_deref(), Some("--rm -e A=1"));
    let same = Caller { run_pars: Some(PARS.to_owned()), ..Caller::default() };
    assert_eq!(same.other_words(&roman()), None);
}

/// The port came behind the mounts, and a command that wanted none got the data's.
#[test]
fn switches_of_a_command_come_before_those_of_image_dev_pars() {
    let newest = Settings::of_generation(Generation::Newest, Path::new("/r"), "roman".parse().unwrap());
    let caller = Caller { own_home: Some("/home/me".into()), dir: "/w".into(), ..Caller::default() };
    let wish = Wish { words: words("-p 8888:8888"), ..Wish::default() };
    let dev = dev_pars::plan(false, &newest, &caller, &|_| true).unwrap();
    let all = Plan::new(&wish, &newest, &caller, (&dev, None)).unwrap().request.words.join(" ");
    assert!(all.contains("linux/amd64 -p 8888:8888 -v /home/me/.nbw-pantry:"), "{all}");
}

#[test]
fn a_home_that_no_engine_can_mount_is_refused() {
    let made = Plan::new(
        &exec(&["id"]),
        &roman(),
        &Caller::default(),
        (&DevPars::default(), Some(Path::new("/a:b"))),
    );
    assert!(matches!(made, Err(Error::Unfit { .. })));
}
