namespace Portal.Web.Components.Controls;

/// <summary>Constant SVG paths by name. Nothing from outside ever gets in here, so they may be put out as markup.</summary>
internal static class Icons
{
    public static string Path(string name) => name switch
    {
        "portal" => "<path d='M4 13.5V7a4 4 0 0 1 8 0v6.5'/><path d='M7 13.5V7.3a1 1 0 0 1 2 0v6.2' stroke-opacity='.6'/><path d='M2 13.5h12'/>",
        "apps" => "<rect x='2' y='2' width='5' height='5' rx='1'/><rect x='9' y='2' width='5' height='5' rx='1'/><rect x='2' y='9' width='5' height='5' rx='1'/><rect x='9' y='9' width='5' height='5' rx='1'/>",
        "activity" => "<path d='M1.5 8h3l2-5 3 10 2-5h3'/>",
        "team" => "<circle cx='6' cy='5' r='2.5'/><path d='M1.5 13.5c.3-2.6 2-4 4.500-4s4.200 1.400 4.500 4'/><path d='M10.500 2.800a2.500 2.500 0 0 1 0 4.400M12 9.800c1.400.5 2.300 1.800 2.500 3.700'/>",
        "admin" => "<path d='M8 1.500 13.500 3.500v4c0 3.300-2.200 5.700-5.500 7-3.300-1.300-5.500-3.700-5.500-7v-4z'/><path d='m5.700 8 1.600 1.600 3-3.200'/>",
        "me" => "<circle cx='8' cy='5.500' r='2.700'/><path d='M2.800 14c.4-2.900 2.300-4.500 5.200-4.500s4.800 1.600 5.200 4.500'/>",
        "search" => "<circle cx='7' cy='7' r='4.500'/><path d='m10.500 10.500 3.500 3.500'/>",
        "plus" => "<path d='M8 3v10M3 8h10'/>",
        "x" => "<path d='m4 4 8 8m0-8-8 8'/>",
        "check" => "<path d='m3 8.500 3.200 3.200L13 5'/>",
        "external" => "<path d='M9.500 2.500h4v4M13.200 2.800 7.500 8.500M12 9.500v3a1 1 0 0 1-1 1H3.500a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h3'/>",
        "copy" => "<rect x='5.500' y='5.500' width='8' height='8' rx='1.500'/><path d='M10.500 5.500v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2'/>",
        "down" => "<path d='m4 6 4 4 4-4'/>",
        "right" => "<path d='m6 4 4 4-4 4'/>",
        "up" => "<path d='M8 13V3M4 7l4-4 4 4'/>",
        "updown" => "<path d='m5 6 3-3 3 3M5 10l3 3 3-3'/>",
        "more" => "<circle cx='3.500' cy='8' r='.6' fill='currentColor'/><circle cx='8' cy='8' r='.6' fill='currentColor'/><circle cx='12.500' cy='8' r='.6' fill='currentColor'/>",
        "pause" => "<path d='M5.500 3.500v9M10.500 3.500v9'/>",
        "play" => "<path d='M5 3.200v9.600L12.500 8z'/>",
        "download" => "<path d='M8 2.500v8M4.500 7.500 8 11l3.500-3.500M3 13.500h10'/>",
        "branch" => "<circle cx='4.500' cy='3.500' r='1.500'/><circle cx='4.500' cy='12.500' r='1.500'/><circle cx='11.500' cy='5.500' r='1.500'/><path d='M4.500 5v6M11.500 7c0 2.500-3 3-6.500 4'/>",
        "commit" => "<circle cx='8' cy='8' r='2.500'/><path d='M1.500 8h4M10.500 8h4'/>",
        "tag" => "<path d='M2.500 2.500h5l6 6-5 5-6-6z'/><circle cx='5.300' cy='5.300' r='.6' fill='currentColor'/>",
        "clock" => "<circle cx='8' cy='8' r='6'/><path d='M8 4.500V8l2.300 1.500'/>",
        "hand" => "<path d='M8 2.500v3M3.500 4.500l2 2M12.500 4.500l-2 2'/><circle cx='8' cy='10.500' r='3'/>",
        "web" => "<circle cx='8' cy='8' r='6'/><path d='M2 8h12M8 2c2 2 2.500 4 2.500 6S10 12 8 14c-2-2-2.500-4-2.500-6S6 4 8 2z'/>",
        "machine" => "<rect x='3' y='5' width='10' height='8' rx='2'/><path d='M8 2.500V5M6 8.500v1M10 8.500v1'/>",
        "rollback" => "<path d='M5.500 3 2.500 6l3 3'/><path d='M2.500 6h7a4 4 0 0 1 0 8H6'/>",
        "deploy" => "<path d='M8 11V2.500M4.500 6 8 2.500 11.500 6M2.500 10v2.500a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1V10'/>",
        "lock" => "<rect x='3' y='7' width='10' height='7' rx='1.500'/><path d='M5 7V5a3 3 0 0 1 6 0v2'/>",
        "key" => "<circle cx='5' cy='11' r='2.700'/><path d='m7 9 6-6M10.500 5.500l2 2'/>",
        // GitHub's mark, from its octicons (MIT).
        "github" => "<path fill='currentColor' stroke='none' d='M8 0c4.42 0 8 3.58 8 8a8.013 8.013 0 0 1-5.45 7.59c-.4.08-.55-.17-.55-.38 0-.27.01-1.13.01-2.2 0-.75-.25-1.23-.54-1.48 1.78-.2 3.65-.88 3.65-3.95 0-.88-.31-1.59-.82-2.15.08-.2.36-1.02-.08-2.12 0 0-.67-.22-2.2.82-.64-.18-1.32-.27-2-.27-.68 0-1.36.09-2 .27-1.53-1.03-2.2-.82-2.2-.82-.44 1.1-.16 1.92-.08 2.12-.51.56-.82 1.28-.82 2.15 0 3.06 1.86 3.75 3.64 3.95-.23.2-.44.55-.51 1.07-.46.21-1.61.55-2.33-.66-.15-.24-.6-.83-1.23-.82-.67.01-.27.38.01.53.34.19.73.9.82 1.13.16.45.68 1.31 2.69.94 0 .67.01 1.3.01 1.49 0 .21-.15.45-.55.38A7.995 7.995 0 0 1 0 8c0-4.42 3.58-8 8-8Z'/>",
        "sun" => "<circle cx='8' cy='8' r='2.700'/><path d='M8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9'/>",
        "moon" => "<path d='M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z'/>",
        "system" => "<rect x='2' y='3' width='12' height='8' rx='1.500'/><path d='M6 13.500h4'/>",
        "help" => "<circle cx='8' cy='8' r='6'/><path d='M6.300 6.300a1.800 1.800 0 1 1 2.500 1.800c-.5.300-.8.600-.8 1.200M8 11.300v.1'/>",
        "trash" => "<path d='M2.500 4.500h11M6 4.500v-2h4v2M4 4.500l.600 9h6.800l.600-9'/>",
        "edit" => "<path d='m3 13 .600-2.800 7-7 2.200 2.200-7 7z'/>",
        "database" => "<ellipse cx='8' cy='4' rx='5' ry='2'/><path d='M3 4v8c0 1.100 2.200 2 5 2s5-.9 5-2V4M3 8c0 1.100 2.200 2 5 2s5-.9 5-2'/>",
        "folder" => "<path d='M2 12.500v-9h4l1.500 2H14v7z'/>",
        "logs" => "<path d='M3 4h10M3 8h7M3 12h10'/>",
        "settings" => "<path d='M2.500 5h6M12 5h1.500M2.500 11H4M7.500 11h6'/><circle cx='10.200' cy='5' r='1.700'/><circle cx='5.800' cy='11' r='1.700'/>",
        "sign-out" => "<path d='M6 2.500H3.500a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6M10 11l3-3-3-3M13 8H6'/>",
        _ => "<circle cx='8' cy='8' r='2'/>",
    };
}
